import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { createDriver } from '@tapedeck/storage';
import { sampleBytes } from '@tapedeck/storage/conformance';
import { describe, expect, it } from 'vitest';
import { findSshd, startSshd } from '../servers/sshd.ts';

const sshd = await findSshd();
const partBytes = 1024 * 1024;
const parts = 12;

describe.skipIf(sshd === undefined)('parts that are put side by side', () => {
  it.each([1, 2])('arrive whole at a server that allows a connection %i sessions', async (maxSessions) => {
    const server = await startSshd({ maxSessions });
    const { host, port, directory, hostKeys, username, privateKey } = server;
    const driver = await createDriver({
      spec: { provider: 'SFTP', sftp: { host, port, directory, hostKeys: [...hostKeys] } },
      credentials: { username, privateKey },
    });
    try {
      const bytes = sampleBytes(parts * partBytes, 1);
      const token = await driver.begin({ key: 'a.mp4', contentType: 'video/mp4' });
      const put = async (index: number) => {
        const part = { number: index + 1, offset: index * partBytes, size: partBytes };
        const own = bytes.subarray(part.offset, part.offset + partBytes);
        return { ...part, receipt: await driver.putPart(token, { ...part, bytes: [own] }) };
      };
      const put1 = await put(0);
      const others = Array.from({ length: parts - 1 }, (_, index) => index + 1);
      // Thrice over, so that a second session has come by then where there may be one.
      for (let round = 0; round < 2; round++) await Promise.all(others.map(put));
      const completed = [put1, ...(await Promise.all(others.map(put)))];
      await driver.complete(token, completed);
      expect((await readFile(path.join(server.files, 'a.mp4'))).equals(bytes)).toBe(true);
    } finally {
      await driver.close();
      await server.stop();
    }
  });
});
