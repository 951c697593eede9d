import { createWriteStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { recorderNodeOptions } from '@tapedeck/core';
import { sampleBytes } from '@tapedeck/storage/conformance';
import { z } from 'zod';
import { root } from '../repo/checkout.ts';
import { runBench } from './lib/bench.ts';
import { bundleProgram } from './lib/bundle.ts';
import { rcloneCommand } from './lib/rclone.ts';
import { type TimedRun, timeChild } from './lib/timed-child.ts';
import { type Measure, median } from './lib/verdict.ts';
import type { Peer } from './peers/peer.ts';
import { peers } from './peers/peers.ts';

const mebibyte = 1024 ** 2;
const unitBytes = mebibyte;
const source = join(root, 'test/bench/programs/upload-file.ts');

const { values: options } = parseArgs({
  options: {
    mebibytes: { type: 'string', default: '1024' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string' },
    /** Seconds of the paced upload; 0 leaves it out. */
    seconds: { type: 'string', default: '30' },
  },
  strict: false,
});
const size = Number(options.mebibytes) * mebibyte;
const rounds = Number(options.rounds);
const pacedSeconds = Number(options.seconds);
/** What a recording of good quality has. */
const bitsPerSecond = 8_000_000;

/** A file of bytes that nothing compresses. */
async function sampleFile(path: string, bytes: number): Promise<string> {
  const block = sampleBytes(8 * mebibyte, 1);
  const stream = createWriteStream(path);
  for (let written = 0; written < bytes; written += block.length) {
    const piece = block.subarray(0, Math.min(block.length, bytes - written));
    if (!stream.write(piece)) await new Promise((resolve) => stream.once('drain', resolve));
  }
  await new Promise<void>((resolve, reject) =>
    stream.end((error?: Error | null) => (error ? reject(error) : resolve())),
  );
  return path;
}

const ours = (program: string, task: object): Promise<TimedRun> =>
  timeChild([process.execPath, ...recorderNodeOptions, program], JSON.stringify(task));

async function comparePeer(peer: Peer, program: string, file: string, directory: string): Promise<Measure[]> {
  const rclone = await rcloneCommand(directory, peer.rclone);
  const contestants: Record<string, (key: string) => Promise<TimedRun>> = {
    ours: (key) => ours(program, { storage: peer.storage, key, file, unitBytes }),
    rclone: (key) => timeChild(rclone(file, peer.place, key)),
  };
  const { other } = peer;
  if (other !== undefined) contestants[other.name] = (key) => timeChild(other.argv(file, key));
  const runs: Record<string, TimedRun[]> = Object.fromEntries(
    Object.keys(contestants).map((name) => [name, []]),
  );
  /** How long the disk still takes for each of rclone's files, in seconds. */
  const syncs: number[] = [];
  for (let round = 0; round < rounds; round++) {
    for (const [name, run] of Object.entries(contestants)) {
      const key = `${name}-${round}.bin`;
      runs[name]?.push(await run(key));
      if (name === 'rclone' && peer.sync !== undefined) {
        const begun = performance.now();
        await peer.sync(key);
        syncs.push((performance.now() - begun) / 1000);
      }
      await peer.remove(key);
    }
  }
  // Each round against its own: what else the machine does changes from one to the next.
  const ratio = (name: string, field: 'wallSeconds' | 'cpuSeconds') =>
    median((runs.ours ?? []).map((run, round) => run[field] / (runs[name]?.[round]?.[field] ?? Number.NaN)));
  const mid = (name: string, field: 'wallSeconds' | 'cpuSeconds') =>
    median((runs[name] ?? []).map((run) => run[field]));
  const measures: Measure[] = [
    { name: `${peer.name}: wall against rclone`, value: ratio('rclone', 'wallSeconds'), unit: 'x', most: 1 },
    ...(syncs.length === 0
      ? []
      : [
          {
            name: `${peer.name}: wall against rclone and an fsync`,
            value: median(
              (runs.ours ?? []).map(
                ({ wallSeconds }, round) =>
                  wallSeconds / ((runs.rclone?.[round]?.wallSeconds ?? Number.NaN) + (syncs[round] ?? 0)),
              ),
            ),
            unit: 'x',
            most: 1,
          },
        ]),
    { name: `${peer.name}: CPU against rclone`, value: ratio('rclone', 'cpuSeconds'), unit: 'x', most: 1.5 },
    ...(other === undefined
      ? []
      : [
          {
            name: `${peer.name}: wall against ${other.name}`,
            value: ratio(other.name, 'wallSeconds'),
            unit: 'x',
            most: 1,
          },
        ]),
    ...Object.keys(contestants).flatMap((name) => [
      { name: `${peer.name}: ${name}, wall`, value: mid(name, 'wallSeconds'), unit: 's' },
      { name: `${peer.name}: ${name}, CPU`, value: mid(name, 'cpuSeconds'), unit: 's' },
    ]),
    {
      name: `${peer.name}: memory`,
      value: Math.max(...(runs.ours ?? []).map(({ peakRssBytes }) => peakRssBytes)) / mebibyte,
      unit: 'MiB',
      most: 160,
    },
  ];
  if (!(pacedSeconds > 0)) return measures;
  const live = await sampleFile(join(directory, 'live.bin'), (pacedSeconds * bitsPerSecond) / 8);
  const key = 'live.bin';
  // Half a second of media, as a fragment is.
  const paced = await ours(program, {
    storage: peer.storage,
    key,
    file: live,
    unitBytes: bitsPerSecond / 16,
    bitsPerSecond,
  });
  await peer.remove(key);
  const { maxLagBytes } = z.object({ maxLagBytes: z.number() }).parse(JSON.parse(paced.output));
  const partBytes = 5 * mebibyte;
  return [
    ...measures,
    { name: `${peer.name}: lag at 8 Mbit/s`, value: maxLagBytes / partBytes, unit: 'parts', most: 2 },
  ];
}

for (const [name, open] of Object.entries(peers)) {
  if (typeof options.only === 'string' && options.only !== name) continue;
  await runBench(`upload: ${size / mebibyte} MiB, ${rounds} times in turns, ${name}`, async (after) => {
    const directory = await mkdtemp(join(tmpdir(), 'tapedeck-bench-upload-'));
    after(() => rm(directory, { recursive: true, force: true }));
    const peer = await open();
    after(() => peer.stop());
    const file = await sampleFile(join(directory, 'sample.bin'), size);
    const program = await bundleProgram(source, join(directory, 'program'));
    return comparePeer(peer, program, file, directory);
  });
}
