import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exitCodes, type RunSpec } from '@tapedeck/core';
import { afterEach, beforeEach, expect, it } from 'vitest';

const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

let scratch: string;
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'tapedeck-run-'));
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

function spec(endpoint: string): RunSpec {
  return {
    ...{ version: 1, mode: 'Record', id: 'u-1', attempt: 1, desired: 'Recording', previous: [] },
    recording: { namespace: 'default', name: 'a', uid: 'u' },
    source: { type: 'TestCard' },
    ...{ video: {}, audio: {}, maxDurationSeconds: 60, splitEverySeconds: 7200, durabilitySeconds: 5 },
    storages: [
      {
        name: 'silent',
        spec: { provider: 'S3', s3: { bucket: 'bucket', region: 'r', endpoint, forcePathStyle: true } },
        credentials: { type: 'Inline', values: { accessKeyId: 'a', secretAccessKey: 'b' } },
      },
    ],
    keyBase: 'a/a',
    scratch: { directory: scratch, maxBytes: 1024 ** 3 },
  };
}

it('ends at once when it is called off while its storage does not answer', async () => {
  const { promise: connected, resolve } = Promise.withResolvers<void>();
  const server = createServer(() => resolve());
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const child = spawn(process.execPath, [program, 'run'], { stdio: ['pipe', 'inherit', 'ignore'] });
  try {
    const exited = new Promise<number | null>((ended) => child.once('exit', ended));
    child.stdin.end(JSON.stringify(spec(`http://127.0.0.1:${port}`)));
    expect(await Promise.race([connected, exited])).toBeUndefined();
    const calledOffAt = performance.now();
    child.kill('SIGTERM');
    expect(await exited).toBe(exitCodes.Interrupted);
    // A single try takes 15 s, and all of them half a minute.
    expect(performance.now() - calledOffAt).toBeLessThan(8_000);
  } finally {
    child.kill('SIGKILL');
    server.close();
  }
});

it.each([
  [
    'a file that is not there',
    ['run', '/nowhere/spec.json'],
    /"InvalidSpec".*The spec cannot be read \(ENOENT\)/,
  ],
  ['an environment without it', ['run', '--from-environment'], /"InvalidSpec".*The spec cannot be read/],
])('%s is refused with the exit code for it', async (_what, words, said) => {
  const child = spawn(process.execPath, [program, ...words], { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.on('data', (chunk: Buffer) => {
    stderr += chunk.toString();
  });
  const code = await new Promise((resolve) => child.once('close', resolve));
  expect(code).toBe(exitCodes.Invalid);
  expect(stderr).toMatch(said);
  expect(stderr).not.toMatch(/\n\s+at /);
});
