import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startControlServer } from '../local/control-server.ts';
import { controlSocketPath } from '../local/control-socket.ts';
import { openDataDirectory } from '../local/data-directory.ts';
import { tryLead } from '../local/leadership.ts';
import type { SecretEntry } from '../local/secret-cache.ts';
import { startTapedeck } from '../testing/tapedeck-process.ts';

let data: string;
beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'tapedeck-apply-'));
  writeFileSync(
    join(data, 'secret.yaml'),
    'apiVersion: v1\nkind: Secret\nmetadata: {name: keys}\nstringData: {accessKeyId: a}\n',
  );
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

it('waits for a control process that leads and does not listen yet', async () => {
  const directory = openDataDirectory(data);
  const leadership = tryLead(directory.leaderLock);
  const received: SecretEntry[] = [];
  const applying = startTapedeck(data, ['apply', '-f', 'secret.yaml']).ended;
  // Longer than a command needs to start.
  await delay(2_000);
  const server = await startControlServer(controlSocketPath(directory.root), {
    receiveReport: () => Promise.reject(new Error('nothing runs')),
    putSecrets: async (entries) => void received.push(...entries),
    check: () => Promise.reject(new Error('nothing is checked')),
    link: () => Promise.reject(new Error('nothing is linked')),
  });
  try {
    expect(await applying).toMatchObject({ code: 0, stderr: '' });
    expect(received).toEqual([{ namespace: 'default', name: 'keys', values: { accessKeyId: 'a' } }]);
  } finally {
    await server.close();
    leadership?.release();
  }
});

it('says so at once when nobody leads', async () => {
  const { code, stderr } = await startTapedeck(data, ['apply', '-f', 'secret.yaml']).ended;
  expect(code).toBe(0);
  expect(stderr).toContain('secret/keys is not kept');
});
