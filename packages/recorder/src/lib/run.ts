import {
  exitCodes,
  type RunDocument,
  type RunResult,
  type RunSpec,
  runDocument,
  TapedeckError,
} from '@tapedeck/core';
import { copy } from './copy/copy.ts';
import { finish } from './finish.ts';
import { exitOf } from './outcome.ts';
import { record } from './record.ts';
import { remove } from './remove.ts';
import { type DesiredState, reportWhile } from './report-session.ts';
import { createRunBook, type RunBook } from './run-book.ts';
import { createRunLog, type RunLog } from './run-log.ts';
import { resolveSource } from './source-secret.ts';
import { parseSpec, refuseSpec } from './spec-input.ts';

export type { DesiredState } from './report-session.ts';

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

/** One run from its spec to its exit code. */
export async function runMain(input: string): Promise<number> {
  const spec = await readSpec(input);
  if (spec instanceof TapedeckError) return refuseSpec(spec);
  const log = createRunLog(spec.id, (line) => process.stderr.write(line));
  const interrupt = new AbortController();
  const onSignal = () => interrupt.abort();
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  try {
    const run = spec.mode === 'Copy' ? copy(spec, log, interrupt) : runRecording(spec, log, interrupt);
    const result = await run.catch((error: unknown) => failed(error, log));
    log.info('Ended', { ...result });
    return exitCodes[result.exit];
  } finally {
    process.off('SIGTERM', onSignal).off('SIGINT', onSignal);
  }
}

async function readSpec(input: string): Promise<RunDocument | TapedeckError> {
  const parsed = parseSpec<RunDocument>(runDocument, input);
  if (parsed instanceof TapedeckError || parsed.mode === 'Copy') return parsed;
  return await resolveSource(parsed);
}

const modes = { Record: record, Finish: finish, Remove: remove } satisfies Record<
  RunSpec['mode'],
  (context: RunContext) => Promise<RunResult>
>;

/** A run for a recording: records, or sees to what earlier ones left. */
async function runRecording(spec: RunSpec, log: RunLog, interrupt: AbortController): Promise<RunResult> {
  const book = createRunBook(spec);
  return await reportWhile({
    spec,
    log,
    interrupt,
    report: () => book.report(),
    work: ({ desired, persist }) =>
      modes[spec.mode]({ spec, book, log, interrupt: interrupt.signal, desired, persist }).catch(
        (error: unknown) => failed(error, log),
      ),
    onResult(result) {
      book.result = result;
      book.state = 'Ended';
    },
  });
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
