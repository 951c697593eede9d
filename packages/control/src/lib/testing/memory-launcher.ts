import {
  type CheckReport,
  exitCodes,
  fileKey,
  type RunFile,
  type RunReply,
  type RunReport,
  type RunResult,
  type RunState,
  type RunStorageState,
} from '@tapedeck/core';
import { type Launcher, ownerOf, type RunObservation, type RunPlan } from '../ports.ts';
import { createMemoryCopyRun, type MemoryCopyRun } from './memory-copy-run.ts';

/** A run that records nothing and says what a test has it say. */
export interface MemoryRun {
  readonly plan: RunPlan;
  /** Times that it was asked to end. */
  readonly terminations: number;
  /** Reports, and resolves with the answer. `media` are the seconds of this run's own file. */
  report(
    state: RunState,
    media?: { readonly seconds: number; readonly complete?: boolean },
    result?: RunResult,
  ): Promise<RunReply>;
  /** Ends with a last report that holds the result, its file complete. */
  finish(
    result: RunResult,
    media?: { readonly seconds: number; readonly complete?: boolean },
  ): Promise<RunReply>;
  /** What its reports say of its storages from now on. */
  meet(states: readonly RunStorageState[]): void;
  /** Ends at once without another word. */
  kill(signal?: string): void;
  /** Ends with this code and without a result. */
  exit(code: number): void;
}

export interface MemoryLauncher extends Launcher {
  /** Every run of a recording that was launched, in order. */
  readonly runs: readonly MemoryRun[];
  /** Likewise of copies. */
  readonly copies: readonly MemoryCopyRun[];
  /** Calls of `launch`, repeated ones included. */
  readonly launches: readonly string[];
  readonly forgotten: readonly string[];
  readonly checks: number;
  /** Where runs report; set it once there is a control. */
  onReport: (report: RunReport) => Promise<RunReply>;
  /** Called with each run that starts. */
  onLaunch: (run: MemoryRun) => void;
  /** Rejections of the next launches and checks, first in first out. */
  readonly refusals: Error[];
  /** What checks report; ready by default. */
  checkReport: (id: string) => Promise<CheckReport>;
}

export const allCapabilities = {
  multipart: true,
  rewriteFirstPart: true,
  read: true,
  list: true,
  delete: true,
  signUrls: true,
} as const;

/** A launcher whose runs are driven by hand. It stands for the machine: it outlives a control that is started anew. */
export function createMemoryLauncher(now: () => Date = () => new Date()): MemoryLauncher {
  const runs = new Map<string, { run?: MemoryRun; copy?: MemoryCopyRun; observation: RunObservation }>();
  const launches: string[] = [];
  const forgotten: string[] = [];
  const refusals: Error[] = [];
  const listeners = new Set<(uid: string) => void>();
  let checks = 0;

  const launcher: MemoryLauncher = {
    get runs() {
      return [...runs.values()].flatMap(({ run }) => run ?? []);
    },
    get copies() {
      return [...runs.values()].flatMap(({ copy }) => copy ?? []);
    },
    launches,
    forgotten,
    refusals,
    get checks() {
      return checks;
    },
    onReport: async () => ({ desired: 'Recording', intervalSeconds: 1 }),
    onLaunch: () => undefined,
    checkReport: async (id) => ({
      version: 1,
      id,
      time: now().toISOString(),
      durationSeconds: 0.01,
      ready: true,
      reason: 'Ready',
      message: '',
      steps: [],
      capabilities: allCapabilities,
    }),

    async launch(plan) {
      await Promise.resolve();
      launches.push(plan.id);
      const refusal = refusals.shift();
      if (refusal !== undefined) throw refusal;
      if (runs.has(plan.id)) return;
      const started: { run?: MemoryRun; copy?: MemoryCopyRun; observation: RunObservation } = {
        observation: { state: 'Running', startTime: now().toISOString() },
      };
      const end = (how: Partial<RunObservation>) => {
        if (started.observation.state === 'Exited') return;
        const endTime = now().toISOString();
        started.observation = { ...started.observation, ...how, state: 'Exited', endTime };
        for (const listener of [...listeners]) listener(ownerOf(plan).uid);
      };
      runs.set(plan.id, started);
      if (plan.mode === 'Copy') {
        const copy = createMemoryCopyRun(plan, { end, onReport: (report) => launcher.onReport(report) });
        started.copy = copy.run;
        terminations.set(plan.id, copy.terminate);
        return;
      }
      const made = createRun(plan, end);
      started.run = made.run;
      terminations.set(plan.id, made.terminate);
      launcher.onLaunch(made.run);
    },
    async observe(id) {
      await Promise.resolve();
      return runs.get(id)?.observation ?? { state: 'Absent' };
    },
    async terminate(id) {
      await Promise.resolve();
      terminations.get(id)?.();
    },
    async forget(id) {
      await Promise.resolve();
      forgotten.push(id);
      runs.delete(id);
    },
    watch(onChange, signal) {
      listeners.add(onChange);
      signal.addEventListener('abort', () => listeners.delete(onChange), { once: true });
    },
    async check({ id }) {
      await Promise.resolve();
      checks += 1;
      const refusal = refusals.shift();
      if (refusal !== undefined) throw refusal;
      return launcher.checkReport(id);
    },
  };
  const terminations = new Map<string, () => void>();

  function createRun(plan: RunPlan, end: (how: Partial<RunObservation>) => void) {
    let sequence = 0;
    let terminated = 0;
    let own: RunFile | undefined;
    let storages: RunStorageState[] = [];
    let startTime: string | undefined;

    function next(
      state: RunState,
      media: { seconds: number; complete?: boolean } | undefined,
      result?: RunResult,
    ): RunReport {
      sequence += 1;
      if (media !== undefined) {
        startTime ??= now().toISOString();
        own = ownFile(plan, media.seconds, media.complete === true);
      }
      const finished = plan.mode !== 'Remove' && result?.exit === 'Complete';
      const previous = plan.previous.map((file) => (finished ? complete(file) : file));
      const files =
        plan.mode === 'Remove' && result?.exit === 'Complete'
          ? []
          : [...previous, ...(own === undefined ? [] : [own])];
      const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
      return {
        version: 1,
        id: plan.id,
        sequence,
        time: now().toISOString(),
        state,
        ...(startTime === undefined ? {} : { startTime }),
        progress: {
          durationSeconds: files.reduce((sum, file) => sum + file.durationSeconds, 0),
          bytesRecorded: bytes,
          bytesUploaded: bytes,
          lagSeconds: 0,
          bitrate: 1000,
        },
        files,
        gaps: [],
        pauses: [],
        notices: [],
        storages,
        ...(result === undefined ? {} : { result }),
      };
    }

    const run: MemoryRun = {
      plan,
      meet: (states) => {
        storages = [...states];
      },
      get terminations() {
        return terminated;
      },
      report: (state, media, result) => launcher.onReport(next(state, media, result)),
      async finish(result, media) {
        const report = next(
          'Ended',
          media ?? (own === undefined ? undefined : { seconds: own.durationSeconds, complete: true }),
          result,
        );
        const reply = await launcher.onReport(report);
        end({ exitCode: exitCodes[result.exit], report });
        return reply;
      },
      kill: (signal = 'SIGKILL') => end({ signal }),
      exit: (code) => end({ exitCode: code }),
    };
    return {
      run,
      terminate: () => {
        terminated += 1;
      },
    };
  }

  return launcher;
}

/** A thousand bytes a second. */
function ownFile(plan: RunPlan, seconds: number, isComplete: boolean): RunFile {
  const storage = plan.storages[0]?.name ?? '';
  const segment = plan.previous.at(-1)?.segment ?? 1;
  const key = fileKey(plan.keyBase, { segment, attempt: plan.attempt });
  const file: RunFile = {
    segment,
    attempt: plan.attempt,
    key,
    storage,
    state: 'Open',
    bytes: seconds * 1000,
    durationSeconds: seconds,
    journal: { version: 1, storage, key, contentType: 'video/mp4', token: { upload: plan.id }, parts: [] },
  };
  return isComplete ? complete(file) : file;
}

function complete({ journal: _, ...file }: RunFile): RunFile {
  return { ...file, state: 'Complete', crc32: '00000000', url: `memory://${file.storage}/${file.key}` };
}
