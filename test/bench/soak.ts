/**
 * One recording of the test card into S3 for so long, with a pause a minute; the memory of recorder and control all the
 * while, and how it grows. Ends with 1 when it does.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { s3Destination } from '../chaos/destination.ts';
import { type Memory, mebibyte, memoryOf } from '../chaos/memory.ts';
import {
  createWorkbench,
  phaseIs,
  recordedSeconds,
  recordingManifest,
  smallTestCard,
} from '../e2e/workbench.ts';
import { requireOrdinaryMp4 } from '../media/inspect.ts';

const { values: options } = parseArgs({
  options: { seconds: { type: 'string', default: '120' } },
  strict: false,
});
const soakSeconds = Number(options.seconds);
const sampleSeconds = Math.max(1, soakSeconds / 240);
const pauseEverySeconds = 60;
/** An index of a frame's 8 bytes, 77 of them a second, is 2.1 MiB an hour; the rest is a collector's whim. */
const mayGrowPerHour = 8 * mebibyte;
/** Below this a slope says more about the collector than about a leak. */
const leastSeconds = 1_800;

interface Sample {
  readonly seconds: number;
  readonly recorder: Memory;
  readonly control: Memory;
}

const bench = await createWorkbench();
const destination = await s3Destination();
try {
  const spec = { ...smallTestCard, maxDuration: '24h', splitEvery: '24h' };
  const file = await bench.manifest(...destination.manifests, recordingManifest('soak', 'place', spec));
  const running = bench.start('run', '-f', file);
  await bench.until('soak', recordedSeconds(2));
  const samples = await sample();
  await bench.run(['stop', 'soak']);
  await running.exited;
  const { outputs, phase } = await bench.until('soak', phaseIs('Uploaded', 'Failed'), 60_000);
  const [output] = outputs ?? [];
  if (output === undefined) throw new Error(`the recording is ${phase}`);
  const { durationSeconds } = await requireOrdinaryMp4(await destination.fetch(output));

  console.log(
    `\n${durationSeconds.toFixed(0)} s recorded, ${samples.length} samples, the first half left out`,
  );
  const grows = (['recorder', 'control'] as const).map((who) => {
    const half = samples.slice(samples.length / 2);
    const perHour = slope(half.map((each) => [each.seconds, each[who].now])) * 3600;
    const peak = Math.max(...samples.map((each) => each[who].peak));
    console.log(
      `${who}: peak ${mib(peak)} MiB, ${mib(half.at(-1)?.[who].now ?? 0)} MiB at the end, ${mib(perHour)} MiB an hour`,
    );
    return soakSeconds >= leastSeconds && perHour > mayGrowPerHour;
  });
  process.exitCode = grows.includes(true) ? 1 : 0;
} finally {
  await bench.close();
  await destination.close();
}

async function sample(): Promise<Sample[]> {
  const samples: Sample[] = [];
  const begin = performance.now();
  let pauses = 0;
  for (;;) {
    const seconds = (performance.now() - begin) / 1000;
    const recorder = await memoryOf(bench.directory, 'Recorder');
    const control = await memoryOf(bench.directory, 'Control');
    if (recorder === undefined || control === undefined) throw new Error('recorder or control is gone');
    samples.push({ seconds, recorder, control });
    if (samples.length % 20 === 1)
      console.log(
        `${seconds.toFixed(0).padStart(5)} s: recorder ${mib(recorder.now)}, control ${mib(control.now)} MiB`,
      );
    if (seconds >= soakSeconds) return samples;
    if (seconds > (pauses + 1) * pauseEverySeconds) {
      pauses += 1;
      await bench.run(['pause', 'soak']);
      await bench.run(['resume', 'soak']);
    }
    await sleep(sampleSeconds * 1000);
  }
}

function mib(bytes: number): string {
  return (bytes / mebibyte).toFixed(1);
}

/** Of the straight line that fits best, in y a unit of x. */
function slope(points: readonly (readonly [number, number])[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const middleX = mean(points.map(([x]) => x));
  const middleY = mean(points.map(([, y]) => y));
  const up = points.reduce((sum, [x, y]) => sum + (x - middleX) * (y - middleY), 0);
  const across = points.reduce((sum, [x]) => sum + (x - middleX) ** 2, 0);
  return across === 0 ? 0 : up / across;
}
