import { setTimeout as sleep } from 'node:timers/promises';
import {
  createWorkbench,
  recordedSeconds,
  recordingManifest,
  s3StorageManifests,
  streamSource,
} from '../e2e/workbench.ts';
import { openBucket } from '../servers/bucket.ts';
import { startVersityGw } from '../servers/versitygw.ts';
import { runBench } from './lib/bench.ts';
import { startBurstSource } from './lib/burst-source.ts';
import { untilReadable } from './lib/readable.ts';
import { gatewayStorage, startRecorder } from './lib/recorder-process.ts';
import { type Measure, median, percentile } from './lib/verdict.ts';

/** Stops of each length; the 95th percentile of so few is the worst. */
const stops = 8;
const lengths = [
  { name: '5 min', seconds: 5 * 60 },
  { name: '2 h', seconds: 2 * 3600 },
] as const;
/** How long the recording goes on live before it is stopped, and by how much more at random. */
const liveSeconds = 4;
const burstTimeoutSeconds = 120;

interface Stop {
  /** From the decision on: waiting for the recorder's next report is in it. */
  readonly decidedSeconds: number;
  /** From the answer on that told the recorder. */
  readonly toldSeconds: number;
  readonly mediaSeconds: number;
  readonly bytes: number;
}

/** From a stop to an object that anybody can read, with its index in front. */
await runBench('stop: a live recording of 5 min and of 2 h is stopped, S3', async (after) => {
  const server = await startVersityGw();
  after(() => server.stop());
  const bucket = openBucket(server);
  after(async () => bucket.close());

  async function stopOnce(url: string, seconds: number): Promise<Stop> {
    const recorder = await startRecorder({
      source: { type: 'Stream', url, lostTimeoutSeconds: 10, startTimeoutSeconds: 20 },
      storages: [gatewayStorage(server)],
    });
    after(() => recorder.close());
    try {
      const { control } = recorder;
      const { files } = await control.until(
        ({ progress }) => progress.durationSeconds >= seconds,
        burstTimeoutSeconds,
      );
      await sleep((liveSeconds + Math.random()) * 1000);
      const decidedMs = performance.now();
      control.stop();
      const readableMs = await untilReadable(bucket, files[0]?.key ?? '');
      const { files: done } = await recorder.finished();
      await bucket.delete(files[0]?.key ?? '');
      return {
        decidedSeconds: (readableMs - decidedMs) / 1000,
        toldSeconds: (readableMs - (control.toldMs ?? Number.NaN)) / 1000,
        mediaSeconds: done[0]?.durationSeconds ?? 0,
        bytes: done[0]?.bytes ?? 0,
      };
    } finally {
      await recorder.close();
    }
  }

  /** The same once by the command line: starting it and local mode's own ways come on top. */
  async function stopByCommand(url: string, seconds: number): Promise<number> {
    const bench = await createWorkbench();
    after(() => bench.close());
    try {
      const file = await bench.manifest(
        ...s3StorageManifests('bench', server),
        recordingManifest('stopped', 'bench', streamSource(url)),
      );
      const running = bench.start('run', '-f', file);
      await bench.until('stopped', recordedSeconds(seconds), burstTimeoutSeconds * 1000);
      const [key = ''] = await bucket.openUploads();
      const startMs = performance.now();
      const [readableMs] = await Promise.all([untilReadable(bucket, key), bench.run(['stop', 'stopped'])]);
      await running.exited;
      return (readableMs - startMs) / 1000;
    } finally {
      await bench.close();
    }
  }

  const measures: Measure[] = [];
  const medians: number[] = [];
  const worst: number[] = [];
  for (const { name, seconds } of lengths) {
    const source = await startBurstSource(seconds);
    after(() => source.stop());
    const done: Stop[] = [];
    for (let stop = 0; stop < stops; stop++) done.push(await stopOnce(source.url, seconds));
    if (measures.length === 0) {
      const value = await stopByCommand(source.url, seconds);
      measures.push({ name: `${name}: tapedeck stop → readable, once`, value, unit: 's' });
    }
    const decided = done.map(({ decidedSeconds }) => decidedSeconds);
    const told = done.map(({ toldSeconds }) => toldSeconds);
    medians.push(median(told));
    worst.push(percentile(decided, 0.95));
    measures.push(
      { name: `${name}: recorded`, value: median(done.map(({ mediaSeconds }) => mediaSeconds)), unit: 's' },
      { name: `${name}: object`, value: median(done.map(({ bytes }) => bytes)) / 1024 ** 2, unit: 'MiB' },
      { name: `${name}: told → readable, p50`, value: median(told), unit: 's' },
      { name: `${name}: told → readable, p95`, value: percentile(told, 0.95), unit: 's' },
      { name: `${name}: stop → readable, p50`, value: median(decided), unit: 's' },
      { name: `${name}: stop → readable, p95`, value: percentile(decided, 0.95), unit: 's', most: 2 },
    );
  }
  const ratio = ([short = Number.NaN, long = Number.NaN]: readonly number[]) => long / short;
  return [
    ...measures,
    // Not held to a number: VersityGW joins the parts' files when an upload completes, and that grows with them.
    { name: 'told → readable, p50, 2 h against 5 min', value: ratio(medians), unit: 'x' },
    { name: 'stop → readable, p95, 2 h against 5 min', value: ratio(worst), unit: 'x', most: 1.2 },
  ];
});
