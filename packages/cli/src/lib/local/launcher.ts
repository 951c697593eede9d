import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type Launcher, type LaunchPlan, ownerOf, type RunObservation } from '@tapedeck/control';
import { exitCodes, type RunReport, runReport } from '@tapedeck/core';
import { awayTimeoutSeconds } from './away-limit.ts';
import { boundLog } from './bounded-log.ts';
import { runCheck } from './check-run.ts';
import { type RecorderCommand, startChildRun } from './child-run.ts';
import type { DataDirectory } from './data-directory.ts';
import { killGroup, signalProcess } from './process-group.ts';
import { isAlive } from './process-identity.ts';
import { repeat } from './repeat.ts';
import { listRuns, type RunDirectory, type RunExit, type RunRecord, runDirectory } from './run-directory.ts';
import { completeDocument, completeStorage } from './run-spec.ts';
import type { SecretCache } from './secret-cache.ts';

/** A recorder is safe 15 s after SIGTERM; the rest is for a machine that is busy. */
const killGraceMs = 20_000;
/** A run that an earlier control process started is not our child: its end is looked for. */
const adoptedPollMs = 500;
const logPollMs = 5_000;

export interface LocalLauncherOptions {
  readonly data: DataDirectory;
  readonly recorder: RecorderCommand;
  readonly secrets: Pick<SecretCache, 'get'>;
  /** Where runs report, see the run contract. */
  readonly socket: string;
  /** What went wrong while nobody was waiting. */
  readonly onError: (error: unknown) => void;
  /** For the parts of one file that wait for their storage. */
  readonly scratchBytes: number;
  readonly killGraceMs?: number;
}

export interface LocalLauncher extends Launcher {
  /** Terminates every run of a recording. */
  terminateRecording(recordingUid: string): Promise<void>;
  /** Stops watching. Runs go on: the next control process adopts them. Idempotent. */
  close(): void;
}

/**
 * Runs as child processes that outlive whoever started them. What is known of a run lies in its directory, so
 * that a control process that starts after a crash finds runs that still go, and how the others ended.
 */
export function createLocalLauncher(options: LocalLauncherOptions): LocalLauncher {
  const { data, recorder, secrets, onError } = options;
  const launching = new Map<string, Promise<void>>();
  /** Runs of which this process will be told the end. */
  const children = new Set<string>();
  const killTimers = new Map<string, NodeJS.Timeout>();
  const listeners = new Set<(recordingUid: string) => void>();

  const directoryOf = (id: string) => runDirectory(data.runs, id);
  const tell = (uid: string) => {
    for (const listener of [...listeners]) listener(uid);
  };

  async function launch(plan: LaunchPlan): Promise<void> {
    const directory = directoryOf(plan.id);
    if (wasStarted(directory)) return;
    const { uid } = ownerOf(plan);
    const scratch = join(data.scratch, uid);
    const spec = completeDocument(plan, {
      secrets,
      scratch: { directory: scratch, maxBytes: options.scratchBytes },
      report: { url: `unix:${options.socket}:/runs/${plan.id}/report`, awayTimeoutSeconds },
      resultFile: directory.result,
    });
    directory.create();
    if (plan.mode !== 'Copy') mkdirSync(scratch, { recursive: true, mode: 0o700 });
    const child = await startChildRun(recorder, data.root, directory.log);
    const record: RunRecord = {
      id: plan.id,
      recordingUid: uid,
      process: child.process,
      startTime: new Date().toISOString(),
      delivered: false,
    };
    try {
      directory.writeRecord(record);
    } catch (error) {
      // Nobody would find it again: it has no spec yet, and none of its kind may be left waiting for one.
      await killGroup(child.process);
      throw error;
    }
    children.add(plan.id);
    child.ended.then((exit) => settle(directory, record, exit)).catch(onError);
    // A child that ended before it had taken all of it was started all the same: its exit says why.
    await child.deliver(JSON.stringify(spec));
    directory.writeRecord({ ...record, delivered: true });
    tell(uid);
  }

  function settle(directory: RunDirectory, record: RunRecord, exit: Omit<RunExit, 'endTime'>): void {
    children.delete(record.id);
    clearTimeout(killTimers.get(record.id));
    killTimers.delete(record.id);
    // Forgotten meanwhile: there is nowhere to write to.
    if (directory.record() === undefined) return;
    directory.writeExit({ ...exit, endTime: new Date().toISOString() });
    tell(record.recordingUid);
  }

  /** Looks at a run that is not our child; true when it has ended, and then its end is written down. */
  async function settleAdopted(directory: RunDirectory, record: RunRecord): Promise<boolean> {
    if (isAlive(record.process)) return false;
    await killGroup(record.process);
    const result = readReport(directory)?.result;
    settle(directory, record, result === undefined ? {} : { exitCode: exitCodes[result.exit] });
    return true;
  }

  async function adopt(): Promise<void> {
    for (const id of listRuns(data.runs)) {
      const directory = directoryOf(id);
      const record = directory.record();
      if (record === undefined || children.has(id) || directory.exit() !== undefined) continue;
      if (!wasStarted(directory)) continue;
      await settleAdopted(directory, record);
    }
  }

  function boundLogs(): void {
    for (const id of listRuns(data.runs)) {
      const directory = directoryOf(id);
      if (directory.exit() === undefined && directory.record() !== undefined) boundLog(directory.log);
    }
  }

  async function observe(id: string): Promise<RunObservation> {
    await launching.get(id)?.catch(() => undefined);
    const directory = directoryOf(id);
    const record = directory.record();
    if (record === undefined || !wasStarted(directory)) return { state: 'Absent' };
    const going = directory.exit() === undefined && (children.has(id) || isAlive(record.process));
    if (going) return { state: 'Running', startTime: record.startTime };
    if (directory.exit() === undefined) await settleAdopted(directory, record);
    const report = readReport(directory);
    return {
      state: 'Exited',
      ...directory.exit(),
      startTime: record.startTime,
      scratch: join(data.scratch, record.recordingUid),
      ...(report === undefined ? {} : { report }),
    };
  }

  const repeated = [repeat(adoptedPollMs, adopt, onError), repeat(logPollMs, boundLogs, onError)];

  async function terminate(id: string): Promise<void> {
    const record = directoryOf(id).record();
    if (record === undefined || !signalProcess(record.process, 'SIGTERM') || killTimers.has(id)) return;
    const kill = () => {
      killTimers.delete(id);
      killGroup(record.process).catch(onError);
    };
    killTimers.set(id, setTimeout(kill, options.killGraceMs ?? killGraceMs));
  }

  return {
    launch(plan) {
      const underWay = launching.get(plan.id);
      if (underWay !== undefined) return underWay;
      const launched = launch(plan).finally(() => launching.delete(plan.id));
      launching.set(plan.id, launched);
      return launched;
    },

    observe,

    terminate,

    async terminateRecording(uid) {
      for (const id of listRuns(data.runs)) {
        if (directoryOf(id).record()?.recordingUid === uid) await terminate(id);
      }
    },

    async forget(id) {
      const directory = directoryOf(id);
      const record = directory.record();
      if (record !== undefined && isAlive(record.process)) await killGroup(record.process);
      directory.remove();
      if (record === undefined) return;
      const others = listRuns(data.runs).some(
        (other) => directoryOf(other).record()?.recordingUid === record.recordingUid,
      );
      if (!others) rmSync(join(data.scratch, record.recordingUid), { recursive: true, force: true });
    },

    watch(onChange, signal) {
      if (signal.aborted) return;
      listeners.add(onChange);
      signal.addEventListener('abort', () => listeners.delete(onChange), { once: true });
    },

    check(plan, signal) {
      const storage = completeStorage(plan, plan.namespace, secrets);
      return runCheck(recorder, data.root, { version: 1, id: plan.id, storage }, signal);
    },

    close() {
      for (const each of repeated) each.stop();
      for (const timer of killTimers.values()) clearTimeout(timer);
      killTimers.clear();
      listeners.clear();
    },
  };
}

/**
 * Whether the run counts as started. A control process that died between starting the child and handing over the
 * spec left a child that ends at once without having done anything: that run may be launched again.
 */
function wasStarted(directory: RunDirectory): boolean {
  const record = directory.record();
  if (record === undefined) return false;
  return record.delivered || directory.readResult() !== undefined || isAlive(record.process);
}

function readReport(directory: RunDirectory): RunReport | undefined {
  const text = directory.readResult();
  if (text === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // Not ours to repair: a result that cannot be read is no result, and the run counts as broken off.
    return undefined;
  }
  const parsed = runReport.safeParse(value);
  return parsed.success ? parsed.data : undefined;
}
