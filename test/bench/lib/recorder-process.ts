import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunFile, type RunSpec, type RunStorage, recorderNodeOptions } from '@tapedeck/core';
import { startChild } from '../../media/child.ts';
import { root } from '../../repo/checkout.ts';
import type { VersityGw } from '../../servers/versitygw.ts';
import { descendants, endedChildrenCpuSeconds, type ProcessUsage, processUsage } from './process-usage.ts';
import { type RunControl, startRunControl } from './run-control.ts';

/** The program that bin/tapedeck and the image start: made by `npm run build`, not by tsc alone. */
const recorder = process.env.TAPEDECK_RECORDER ?? join(root, 'packages/recorder/dist/bundle/recorder.mjs');

/** How often the peaks of a run are looked at. /proc keeps each process's own, so only the sums need it. */
const sampleMs = 250;

/** What a run used, from its start to its end. */
export interface RunUsage {
  /** The recorder and everything that it started, probes included. */
  readonly treeCpuSeconds: number;
  /** The recorder's own process. */
  readonly node: ProcessUsage;
  /** The most that all processes had at one look. */
  readonly peakTreeRssBytes: number;
  readonly wallSeconds: number;
  /** Most files that lay on scratch at one look. */
  readonly peakScratchFiles: number;
}

/** One recorder, started as local mode starts it and reporting to the benchmark itself. */
export interface RecorderProcess {
  readonly control: RunControl;
  readonly pid: number;
  /** Waits for its end; rejects with its log unless it ended with Complete. Nothing else may end meanwhile. */
  finished(): Promise<{ readonly usage: RunUsage; readonly files: readonly RunFile[]; readonly log: string }>;
  /** Ends it if it still goes, and removes what it left. Idempotent. */
  close(): Promise<void>;
}

export type RunChoice = Pick<RunSpec, 'source' | 'storages'> &
  Partial<Pick<RunSpec, 'video' | 'audio' | 'stopAfterSeconds'>>;

export async function startRecorder(choice: RunChoice): Promise<RecorderProcess> {
  const scratch = await mkdtemp(join(tmpdir(), 'tapedeck-bench-'));
  const control = await startRunControl();
  const childrenBefore = await endedChildrenCpuSeconds();
  const startMs = performance.now();
  const child = startChild(process.execPath, [...recorderNodeOptions, recorder, 'run'], {
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const pid = child.process.pid ?? 0;
  child.process.stdin?.end(JSON.stringify(completeSpec(choice, { scratch, reportUrl: control.url })));

  let node: ProcessUsage | undefined;
  let peakTreeRssBytes = 0;
  let peakScratchFiles = 0;
  const sample = async () => {
    const own = await processUsage(pid);
    if (own === undefined) return;
    node = own;
    const below = await Promise.all((await descendants(pid)).map(processUsage));
    const sum = below.reduce((total, one) => total + (one?.rssBytes ?? 0), own.rssBytes);
    peakTreeRssBytes = Math.max(peakTreeRssBytes, sum);
    peakScratchFiles = Math.max(peakScratchFiles, (await readdir(scratch)).length);
  };
  const sampler = setInterval(() => void sample(), sampleMs);

  const close = async () => {
    clearInterval(sampler);
    await child.stop();
    await control.close();
    await rm(scratch, { recursive: true, force: true });
  };

  return {
    control,
    pid,
    async finished() {
      const code = await child.exited;
      const wallSeconds = (performance.now() - startMs) / 1000;
      clearInterval(sampler);
      if (code !== 0 || node === undefined)
        throw new Error(`the recorder ended with ${code}:\n${child.output()}`);
      const treeCpuSeconds = (await endedChildrenCpuSeconds()) - childrenBefore;
      return {
        usage: { treeCpuSeconds, node, peakTreeRssBytes, wallSeconds, peakScratchFiles },
        files: control.latest?.files ?? [],
        log: child.output(),
      };
    },
    close,
  };
}

function completeSpec(choice: RunChoice, at: { scratch: string; reportUrl: string }): RunSpec {
  const uid = randomUUID();
  return {
    version: 1,
    mode: 'Record',
    id: `${uid}-1`,
    recording: { namespace: 'default', name: 'bench', uid },
    attempt: 1,
    video: {},
    audio: {},
    maxDurationSeconds: 86_400,
    splitEverySeconds: 3 * 3600,
    durabilitySeconds: 5,
    keyBase: `bench/${uid}`,
    previous: [],
    desired: 'Recording',
    scratch: { directory: at.scratch, maxBytes: 1024 ** 3 },
    report: { url: at.reportUrl },
    ...choice,
  };
}

export function gatewayStorage(server: VersityGw): RunStorage {
  const { bucket, region, endpoint, accessKeyId, secretAccessKey } = server;
  return {
    name: 'bench',
    spec: { provider: 'S3', s3: { bucket, region, endpoint, forcePathStyle: true } },
    credentials: { type: 'Inline', values: { accessKeyId, secretAccessKey } },
  };
}
