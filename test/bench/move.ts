import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { recorderNodeOptions } from '@tapedeck/core';
import { z } from 'zod';
import { root } from '../repo/checkout.ts';
import { startVersityGw } from '../servers/versitygw.ts';
import { runBench } from './lib/bench.ts';
import { benchSeconds } from './lib/length.ts';
import { gatewayStorage } from './lib/recorder-process.ts';

const seconds = benchSeconds(30);
const mebibyte = 1024 ** 2;
const bitsPerSecond = 16_000_000;
const answer = z.object({ beforeBytes: z.number(), peakBytes: z.number() });

/** What a move costs in memory: all that was recorded goes to the next storage as fast as that takes it. */
await runBench('move: a file of 16 Mbit/s whose storage goes away', async (after) => {
  const first = await startVersityGw();
  after(() => first.stop());
  const second = await startVersityGw();
  after(() => second.stop());
  const directory = await mkdtemp(join(tmpdir(), 'tapedeck-move-'));
  after(() => rm(directory, { recursive: true, force: true }));
  const program = join(root, 'test/bench/programs/move-file.ts');
  const child = spawn(process.execPath, [...recorderNodeOptions, program], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  after(async () => void child.kill('SIGKILL'));
  const exited = once(child, 'exit');
  const storages = [first, second].map((server, index) => ({
    ...gatewayStorage(server),
    name: `place-${index + 1}`,
  }));
  const spool = { directory, maxBytes: 4096 * mebibyte };
  child.stdin.end(JSON.stringify({ storages, spool, bitsPerSecond, unitBytes: bitsPerSecond / 8, seconds }));
  let last = '';
  for await (const line of createInterface(child.stdout)) {
    if (line === 'before') await first.kill();
    last = line;
  }
  const [code] = await exited;
  if (code !== 0) throw new Error(`the upload ended with ${String(code)}`);
  const { beforeBytes, peakBytes } = answer.parse(JSON.parse(last));
  return [
    { name: 'memory before', value: beforeBytes / mebibyte, unit: 'MiB' },
    { name: 'memory with the move', value: peakBytes / mebibyte, unit: 'MiB', most: 160 },
  ];
});
