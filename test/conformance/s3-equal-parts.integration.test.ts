import { createHash } from 'node:crypto';
import { TapedeckError } from '@tapedeck/core';
import { createDriver, type Driver, s3Capabilities } from '@tapedeck/storage';
import { describeDriver } from '@tapedeck/storage/conformance';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { findVersityGw, startVersityGw, type VersityGw } from '../servers/versitygw.ts';

const program = await findVersityGw();

/**
 * A service as strict as Cloudflare's R2 may be: all parts but the last have one size, the last is no larger, and a
 * number that was put once takes the same bytes only.
 */
function strict(driver: Driver, uploads: Map<string, Map<number, string>>): Driver {
  const partsOf = (token: unknown) => {
    const id = JSON.stringify(token);
    const parts = uploads.get(id) ?? new Map<number, string>();
    uploads.set(id, parts);
    return parts;
  };
  return {
    ...driver,
    async putPart(token, part, options) {
      const hash = createHash('md5');
      for (const bytes of part.bytes) hash.update(bytes);
      const digest = hash.digest('hex');
      const parts = partsOf(token);
      const receipt = await driver.putPart(token, part, options);
      const before = parts.get(part.number);
      if (before !== undefined && before !== digest)
        throw new TapedeckError('NotSupported', `Part ${part.number} was put again in other bytes.`);
      parts.set(part.number, digest);
      return receipt;
    },
    complete(token, parts, options) {
      const size = parts[0]?.size ?? 0;
      const fits = parts.every((part, index) =>
        index === parts.length - 1 ? part.size <= size : part.size === size,
      );
      if (!fits) throw new TapedeckError('NotSupported', `The parts are not equal: ${JSON.stringify(parts)}`);
      return driver.complete(token, parts, options);
    },
  };
}

describe.skipIf(program === undefined)('a service that wants equal parts, each once', () => {
  let server: VersityGw;
  const uploads = new Map<string, Map<number, string>>();
  beforeAll(async () => {
    server = await startVersityGw();
  });
  afterAll(() => server?.stop());

  const open = async () => {
    const { bucket, endpoint, accessKeyId, secretAccessKey } = server;
    const driver = await createDriver({
      spec: { provider: 'S3', s3: { bucket, endpoint, equalParts: true, replaceParts: false } },
      credentials: { accessKeyId, secretAccessKey },
    });
    return strict(driver, uploads);
  };
  const capabilities = {
    ...s3Capabilities,
    equalParts: true,
    replaceParts: false,
    rewriteFirstPart: false,
  };
  describeDriver('S3 like R2', capabilities, { open }, { describe, it });
});
