import {
  exitCodes,
  type RunResult,
  type RunSpec,
  runSpec,
  runTermination,
  TapedeckError,
} from '@tapedeck/core';
import { finish } from './finish.ts';
import { exitOf } from './outcome.ts';
import { record } from './record.ts';
import { remove } from './remove.ts';
import { createReportChannel } from './report-channel.ts';
import { createReportEndpoint } from './report-endpoint.ts';
import { createReportFile } from './report-file.ts';
import { createRunBook, type RunBook } from './run-book.ts';
import { createRunLog, type RunLog } from './run-log.ts';
import { resolveSource } from './source-secret.ts';
import { parseSpec, refuseSpec } from './spec-input.ts';
import { writeTermination } from './termination-file.ts';

/** What a run is given besides its spec. */
export interface RunContext {
  readonly spec: RunSpec;
  readonly book: RunBook;
  readonly log: RunLog;
  /** SIGTERM or SIGINT: end soon with what there is. */
  readonly interrupt: AbortSignal;
  /** The state that control wants, now and whenever it changes. */
  readonly desired: DesiredState;
  /** Makes the book durable as far as that is possible now, and says so to control. */
  readonly persist: () => Promise<void>;
}

export interface DesiredState {
  readonly current: RunSpec['desired'];
  /** Called at once and at every change, until the function it gives is called. */
  subscribe(listener: (desired: RunSpec['desired']) => void): () => void;
}

/** One run from its spec to its exit code. */
export async function runMain(input: string): Promise<number> {
  const parsed = parseSpec(runSpec, input);
  const spec = parsed instanceof TapedeckError ? parsed : await resolveSource(parsed);
  if (spec instanceof TapedeckError) return refuseSpec(spec);
  const log = createRunLog(spec.id, (line) => process.stderr.write(line));
  const interrupt = new AbortController();
  const onSignal = () => interrupt.abort();
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  try {
    const result = await run(spec, log, interrupt).catch((error: unknown) => failed(error, log));
    log.info('Ended', { ...result });
    return exitCodes[result.exit];
  } finally {
    process.off('SIGTERM', onSignal).off('SIGINT', onSignal);
  }
}

const modes = { Record: record, Finish: finish, Remove: remove } satisfies Record<
  RunSpec['mode'],
  (context: RunContext) => Promise<RunResult>
>;

async function run(spec: RunSpec, log: RunLog, interrupt: AbortController): Promise<RunResult> {
  const book = createRunBook(spec);
  const desired = createDesiredState(spec.desired);
  const channel = createReportChannel({
    send: spec.report === undefined ? undefined : createReportEndpoint(spec.report),
    report: () => book.report(),
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
  const writeReport = createReportFile(spec.resultFile, () => book.report());
  const persist = async () => {
    const written = await Promise.allSettled([writeReport(), channel.flush()]);
    for (const one of written) {
      // A full scratch disk must not end a recording whose reports still reach control.
      if (one.status === 'rejected') log.warn('NotPersisted', { message: String(one.reason) });
    }
  };
  try {
    const context = { spec, book, log, interrupt: interrupt.signal, desired, persist };
    book.result = await modes[spec.mode](context).catch((error: unknown) => failed(error, log));
    book.state = 'Ended';
    await persist();
    await writeTermination(spec.terminationFile, runTermination(book.report()), log);
    return book.result;
  } finally {
    clearInterval(watch);
    await channel.close();
  }
}

/** A storage that refuses, or what nobody foresaw; files that are open stay completable from their journals. */
function failed(error: unknown, log: RunLog): RunResult {
  const known = TapedeckError.from(error);
  const { code, message } = known;
  log.warn('RunFailed', {
    code,
    message,
    stack: known.code === 'Unknown' && error instanceof Error ? error.stack : undefined,
  });
  return { exit: exitOf(known), stopReason: 'InternalError', code, message };
}

function createDesiredState(
  initial: RunSpec['desired'],
): DesiredState & { set(next: RunSpec['desired']): void } {
  const listeners = new Set<(desired: RunSpec['desired']) => void>();
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

function watchControl(spec: RunSpec, silentMs: () => number, onGone: () => void): NodeJS.Timeout | undefined {
  const limitSeconds = spec.report?.awayTimeoutSeconds;
  if (limitSeconds === undefined) return undefined;
  const timer = setInterval(() => {
    if (silentMs() <= limitSeconds * 1000) return;
    clearInterval(timer);
    onGone();
  }, 1_000);
  return timer;
}
