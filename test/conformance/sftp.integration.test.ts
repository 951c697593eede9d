import type { RunStorage } from '@tapedeck/core';
import { createDriver, type Driver, sftpCapabilities } from '@tapedeck/storage';
import { describeDriver } from '@tapedeck/storage/conformance';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { findSshd, type Sshd, startSshd } from '../servers/sshd.ts';

const program = await findSshd();

describe.skipIf(program === undefined)('an SFTP server', () => {
  let server: Sshd;
  const secrets: string[] = [];

  beforeAll(async () => {
    server = await startSshd();
    secrets.push(server.privateKey);
  });
  afterAll(() => server?.stop());

  const storage = (sftp: Partial<NonNullable<RunStorage['spec']['sftp']>> = {}, values = {}): RunStorage => ({
    name: 'server',
    spec: {
      provider: 'SFTP',
      prefix: 'meetings',
      sftp: {
        host: server.host,
        port: server.port,
        directory: server.directory,
        hostKeys: [...server.hostKeys],
        ...sftp,
      },
    },
    credentials: {
      type: 'Inline',
      values: { username: server.username, privateKey: server.privateKey, ...values },
    },
  });
  const open = (): Promise<Driver> => {
    const { spec, credentials } = storage();
    return createDriver({ spec, credentials: credentials.type === 'Inline' ? credentials.values : {} });
  };

  describeDriver('SFTP', sftpCapabilities, { open, secrets }, { describe, it });
});
