import type { RunStorage } from '@tapedeck/core';
import { checkStorage, createDriver, s3Capabilities } from '@tapedeck/storage';
import { describeDriver } from '@tapedeck/storage/conformance';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findVersityGw, startVersityGw, type VersityGw } from '../servers/versitygw.ts';

const program = await findVersityGw();

describe.skipIf(program === undefined)('a Space', () => {
  let server: VersityGw;
  beforeAll(async () => {
    server = await startVersityGw();
  });
  afterAll(() => server?.stop());

  const storage = (space = {}, values = {}): RunStorage => ({
    name: 'space',
    spec: {
      provider: 'DigitalOcean',
      digitalOcean: {
        bucket: server.bucket,
        region: server.region.toUpperCase(),
        endpoint: server.endpoint,
        ...space,
      },
    },
    credentials: {
      type: 'Inline',
      values: { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey, ...values },
    },
  });
  const check = (space = {}, values = {}) => checkStorage({ id: 'check', storage: storage(space, values) });

  it('is ready, with all that it can do', async () => {
    const report = await check();
    expect(report).toMatchObject({ ready: true, endpoint: server.endpoint });
    expect(Object.values(report.capabilities)).toEqual([true, true, true, true, true, true]);
  });

  it.each([
    ['a wrong secret', {}, { secretAccessKey: 'wrong-secret' }, 'an access key of Spaces, not an API token'],
    ['a missing Space', { bucket: 'missing' }, {}, 'create the Space, or correct its name or region'],
    ['another region', { region: 'nyc3' }, {}, 'the bucket is in us-east-1: set region: us-east-1'],
    ['no keys', {}, { accessKeyId: undefined, secretAccessKey: undefined }, 'name a Secret with accessKeyId'],
  ])('says of %s what to do, in its own words', async (_, space, values, words) => {
    const report = await check(space, values);
    expect(report.ready).toBe(false);
    expect(report.message).toContain(words);
    for (const secret of [server.secretAccessKey, 'wrong-secret'])
      expect(JSON.stringify(report)).not.toContain(secret);
  });

  const open = async () => {
    const { spec, credentials } = storage();
    return createDriver({ spec, credentials: credentials.type === 'Inline' ? credentials.values : {} });
  };
  // The driver is the one of S3, which the rest of the suite is run with.
  const calls = (name: string, body: () => void) =>
    name.endsWith('calls') ? describe(name, body) : undefined;
  describeDriver('DigitalOcean', s3Capabilities, { open }, { describe: calls, it });
});
