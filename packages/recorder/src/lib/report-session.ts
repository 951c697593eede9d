import { type RunDocument, type RunReport, type RunResult, runTermination } from '@tapedeck/core';
import { createReportChannel } from './report-channel.ts';
import { createReportEndpoint } from './report-endpoint.ts';
import { createReportFile } from './report-file.ts';
import type { RunLog } from './run-log.ts';
import { writeTermination } from './termination-file.ts';

/** The state that control wants, of a recording or of a copy. */
export interface DesiredState {
  readonly current: RunDocument['desired'];
  /** Called at once and at every change, until the function it gives is called. */
  subscribe(listener: (desired: RunDocument['desired']) => void): () => void;
}

/** What a run that reports is given besides its spec. */
export interface ReportedRun {
  readonly desired: DesiredState;
  /** Makes what is reported durable as far as that is possible now, and says so to control. */
  readonly persist: () => Promise<void>;
}

/** Does the work of a run, reporting all the while, and gives its result once the last report is written. */
export async function reportWhile(options: {
  readonly spec: RunDocument;
  readonly log: RunLog;
  readonly interrupt: AbortController;
  readonly report: () => RunReport;
  /** Never rejects. */
  readonly work: (run: ReportedRun) => Promise<RunResult>;
  /** Puts the result into what is reported. */
  readonly onResult: (result: RunResult) => void;
}): Promise<RunResult> {
  const { spec, log, interrupt, report } = options;
  const desired = createDesiredState(spec.desired);
  const channel = createReportChannel({
    send: spec.report === undefined ? undefined : createReportEndpoint(spec.report),
    report,
    onDesired: desired.set,
    log,
  });
  const watch = watchControl(
    spec,
    () => channel.silentMs,
    () => {
      log.warn('ControlGone', { message: 'Control has been away for too long; the files are completed.' });
      interrupt.abort();
    },
  );
  // Replaced at each change, so that what is on disk is enough to go on from, whenever the process dies.
  const writeReport = createReportFile(spec.resultFile, report);
  const persist = async () => {
    const written = await Promise.allSettled([writeReport(), channel.flush()]);
    for (const one of written) {
      // A full scratch disk must not end a recording whose reports still reach control.
      if (one.status === 'rejected') log.warn('NotPersisted', { message: String(one.reason) });
    }
  };
  try {
    const result = await options.work({ desired, persist });
    options.onResult(result);
    await persist();
    await writeTermination(spec.terminationFile, runTermination(report()), log);
    return result;
  } finally {
    clearInterval(watch);
    await channel.close();
  }
}

function createDesiredState(
  initial: RunDocument['desired'],
): DesiredState & { set(next: RunDocument['desired']): void } {
  const listeners = new Set<(desired: RunDocument['desired']) => void>();
  let current = initial;
  return {
    get current() {
      return current;
    },
    set(next) {
      // A stop is final, whatever an older control process says afterwards.
      if (next === current || current === 'Stopped') return;
      current = next;
      for (const listener of listeners) listener(next);
    },
    subscribe(listener) {
      listeners.add(listener);
      listener(current);
      return () => listeners.delete(listener);
    },
  };
}

function watchControl(
  spec: RunDocument,
  silentMs: () => number,
  onGone: () => void,
): NodeJS.Timeout | undefined {
  const limitSeconds = spec.report?.awayTimeoutSeconds;
  if (limitSeconds === undefined) return undefined;
  const timer = setInterval(() => {
    if (silentMs() <= limitSeconds * 1000) return;
    clearInterval(timer);
    onGone();
  }, 1_000);
  return timer;
}
