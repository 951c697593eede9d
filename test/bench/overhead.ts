import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { findFfmpeg, planCapture } from '@tapedeck/encoder';
import { startVersityGw, type VersityGw } from '../servers/versitygw.ts';
import { type After, runBench } from './lib/bench.ts';
import { benchSeconds } from './lib/length.ts';
import { endedChildrenCpuSeconds } from './lib/process-usage.ts';
import { gatewayStorage, type RunUsage, startRecorder } from './lib/recorder-process.ts';
import { percentile } from './lib/verdict.ts';

const seconds = benchSeconds(60);
/** Of one recorder and one bare ffmpeg each, in turns: what else the machine does hits both. */
const pairs = 3;
const mebibyte = 1024 ** 2;
/** The card in the size that it has when nobody asks for another: 720p30. */
const wanted = { source: { type: 'TestCard' }, video: {}, audio: {} } as const;

/** CPU seconds of the recorder's own ffmpeg arguments with nobody behind them, for `seconds` of media. */
async function runBareFfmpeg(): Promise<number> {
  const before = await endedChildrenCpuSeconds();
  const nowhere = openSync('/dev/null', 'w');
  const child = spawn(await findFfmpeg(), planCapture(wanted).args, {
    stdio: ['ignore', nowhere, 'ignore', 'pipe'],
  });
  closeSync(nowhere);
  const exited = once(child, 'exit');
  try {
    for await (const text of (child.stdio[3] as Readable).setEncoding('utf8') as AsyncIterable<string>) {
      const mediaSeconds = Number(/out_time_us=(\d+)/.exec(text)?.[1] ?? 0) / 1e6;
      if (mediaSeconds >= seconds) break;
    }
  } finally {
    child.kill('SIGINT');
    await exited;
  }
  return (await endedChildrenCpuSeconds()) - before;
}

async function runRecorder(server: VersityGw, after: After): Promise<RunUsage> {
  const recorder = await startRecorder({
    ...wanted,
    storages: [gatewayStorage(server)],
    stopAfterSeconds: seconds,
  });
  after(() => recorder.close());
  try {
    return (await recorder.finished()).usage;
  } finally {
    await recorder.close();
  }
}

/** What recording costs beyond the encoding itself: the same ffmpeg with a recorder behind it, and with nothing. */
await runBench('overhead: the recorder against its bare ffmpeg, 720p30 test card into S3', async (after) => {
  const server = await startVersityGw();
  after(() => server.stop());
  const bare: number[] = [];
  const runs: RunUsage[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    bare.push(await runBareFfmpeg());
    runs.push(await runRecorder(server, after));
  }
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const most = (read: (usage: RunUsage) => number) => percentile(runs.map(read), 1);
  return [
    { name: 'bare ffmpeg', value: (sum(bare) / pairs / seconds) * 100, unit: '% of a core' },
    {
      name: 'CPU, recorder with its ffmpeg against the bare one',
      value: sum(runs.map((usage) => usage.treeCpuSeconds)) / sum(bare),
      unit: 'x',
      most: 1.05,
    },
    {
      name: 'CPU, the recorder alone against the bare ffmpeg',
      value: sum(runs.map((usage) => usage.node.cpuSeconds)) / sum(bare),
      unit: 'x',
    },
    {
      name: 'memory of the recorder alone',
      value: most(({ node }) => node.peakRssBytes) / mebibyte,
      unit: 'MiB',
      most: 150,
    },
    { name: 'written to disks', value: most(({ node }) => node.diskBytesWritten), unit: 'bytes', most: 0 },
    { name: 'files on scratch', value: most((usage) => usage.peakScratchFiles), unit: '', most: 0 },
  ];
});
