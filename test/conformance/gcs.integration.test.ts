import type { RunStorage } from '@tapedeck/core';
import { createDriver, type Driver, gcsCapabilities, gcsResumableCapabilities } from '@tapedeck/storage';
import { describeDriver } from '@tapedeck/storage/conformance';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { findFakeGcs, type GcsServer, startGcs } from '../servers/gcs.ts';

const program = await findFakeGcs();

describe.skipIf(program === undefined)('a Cloud Storage bucket', () => {
  let server: GcsServer;
  const secrets: string[] = [];
  let values: Record<string, string> = {};
  let hmac: Record<string, string> = {};

  beforeAll(async () => {
    server = await startGcs();
    const serviceAccount = server.identities.addAccount('user');
    values = { serviceAccount };
    hmac = { ...server.identities.addHmacKey('user') };
    const { private_key } = JSON.parse(serviceAccount) as { private_key: string };
    secrets.push(private_key, ...private_key.split('\n').slice(1, 3), hmac.secretAccessKey ?? '');
    // Whoever has the address of a session writes to it.
    secrets.push('upload_id');
  });
  afterAll(() => server?.close());

  const spec = (gcs: Partial<NonNullable<RunStorage['spec']['gcs']>> = {}): RunStorage['spec'] => ({
    provider: 'GCS',
    prefix: 'meetings',
    gcs: { bucket: server.bucket, endpoint: server.endpoint, ...gcs },
  });
  const open = (): Promise<Driver> => createDriver({ spec: spec(), credentials: values });
  const openHmac = (): Promise<Driver> => createDriver({ spec: spec(), credentials: hmac });

  describeDriver('GCS', gcsCapabilities, { open, secrets }, { describe, it });
  const openSession = (): Promise<Driver> =>
    createDriver({ spec: spec({ upload: 'Resumable' }), credentials: values });
  describeDriver(
    'GCS by resumable sessions',
    gcsResumableCapabilities,
    { open: openSession, secrets },
    { describe, it },
  );
  describeDriver(
    'GCS by HMAC',
    gcsCapabilities,
    { open: openHmac, secrets },
    // The calls are what differs; the store above them does not.
    { describe: (name, body) => (name.endsWith('calls') ? describe(name, body) : undefined), it },
  );
});
