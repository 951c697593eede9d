import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startPageServer } from '../media/page-server.ts';
import { measureSync } from '../media/sync-meter.ts';
import { type After, runBench } from './lib/bench.ts';
import { benchSeconds } from './lib/length.ts';
import { descendants, processUsage } from './lib/process-usage.ts';
import { type RecorderProcess, startRecorder } from './lib/recorder-process.ts';
import { doubledFrames } from './lib/still-frames.ts';
import { type Measure, median } from './lib/verdict.ts';

const seconds = benchSeconds(60);
/** After its start a browser compiles and caches for some seconds. */
const settleSeconds = 8;
const frameRate = 30;
const sizes = [
  { width: 1280, height: 720, most: 0.75 },
  { width: 1920, height: 1080, most: 1.6 },
] as const;

const parts = ['chromium', 'Xvfb', 'pulseaudio', 'ffmpeg', 'recorder'] as const;
type Part = (typeof parts)[number];

/** CPU seconds so far of each part of a recording. */
async function cpuByPart(recorder: number): Promise<Map<Part, number>> {
  const sums = new Map<Part, number>();
  for (const pid of [recorder, ...(await descendants(recorder))]) {
    const usage = await processUsage(pid);
    const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    const part = pid === recorder ? 'recorder' : parts.find((one) => words.includes(one));
    if (usage !== undefined && part !== undefined)
      sums.set(part, (sums.get(part) ?? 0) + usage.cpuSeconds + usage.endedChildrenCpuSeconds);
  }
  return sums;
}

/** Resolves with the seconds from now to the first frame of the recording. */
async function firstFrameAfter(recorder: RecorderProcess): Promise<number> {
  const started = Date.now();
  while (recorder.control.latest?.startTime === undefined) await sleep(50);
  return (Date.parse(recorder.control.latest.startTime) - started) / 1000;
}

async function recordPage(size: (typeof sizes)[number], after: After): Promise<Measure[]> {
  const { width, height, most } = size;
  const directory = await mkdtemp(join(tmpdir(), 'tapedeck-bench-page-'));
  after(() => rm(directory, { recursive: true, force: true }));
  const server = await startPageServer();
  after(() => server.close());
  process.env.TAPEDECK_PAGE_VISIT = `127.0.0.1:${server.port}`;
  const none = { type: 'None' } as const;
  const recorder = await startRecorder({
    source: {
      ...{ type: 'Page', url: `${server.origin}/`, readyTimeoutSeconds: 60, startWhen: 'Loaded' },
      ...{ headers: none, cookies: none, localStorage: none },
    },
    video: { width, height, frameRate },
    storages: [{ name: 'bench', spec: { provider: 'Local', local: { directory } }, credentials: none }],
    stopAfterSeconds: seconds + settleSeconds + 2,
  });
  after(() => recorder.close());
  const firstFrameSeconds = await firstFrameAfter(recorder);
  await sleep(settleSeconds * 1000);
  const before = await cpuByPart(recorder.pid);
  await sleep(seconds * 1000);
  const behind = await cpuByPart(recorder.pid);
  const cores = (part: Part) => ((behind.get(part) ?? Number.NaN) - (before.get(part) ?? 0)) / seconds;
  const { files } = await recorder.finished();
  const file = join(directory, files[0]?.key ?? '');
  const offsets = (await measureSync(file)).map(({ offsetMs }) => offsetMs);
  const named = (text: string) => `${height}p${frameRate} ${text}`;
  return [
    {
      name: named('everything'),
      value: parts.reduce((sum, part) => sum + cores(part), 0),
      unit: 'cores',
      most,
    },
    ...parts.map((part) => ({ name: named(part), value: cores(part), unit: 'cores' })),
    { name: named('start → first frame'), value: firstFrameSeconds, unit: 's', most: 5 },
    {
      name: named('frames like the one before'),
      value: (await doubledFrames(file)) * 100,
      unit: '%',
      most: 0.5,
    },
    { name: named('beep after flash, median'), value: median(offsets), unit: 'ms' },
    { name: named('apart at most'), value: Math.max(...offsets.map(Math.abs)), unit: 'ms', most: 40 },
  ];
}

/** The reference page, recorded: what each part of it takes, and how evenly it comes. */
await runBench('browser: the reference page, 720p30 and 1080p30', async (after) => {
  const measures: Measure[] = [];
  for (const size of sizes) measures.push(...(await recordPage(size, after)));
  return measures;
});
