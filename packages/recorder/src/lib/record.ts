import { setTimeout as delay } from 'node:timers/promises';
import { type RunResult, TapedeckError } from '@tapedeck/core';
import type { Store } from '@tapedeck/storage';
import { captureLoop, type SourceEnd } from './capture-loop.ts';
import { completeOpenFiles } from './complete-previous.ts';
import { joinAttempts } from './join-attempts.ts';
import { closeStores, openRunStores } from './open-stores.ts';
import { type CaptureOutcome, decideResult } from './outcome.ts';
import { createOutputFiles, type OutputFiles } from './output-files.ts';
import { createMetadataLog } from './page/metadata-log.ts';
import { createPageKeeper, type PageKeeper } from './page/page-keeper.ts';
import { createPipeline } from './pipeline.ts';
import type { RunContext } from './run.ts';

/** After SIGTERM the files have this long to become complete; Kubernetes' grace and local mode's are longer. */
const interruptedDeliveryMs = 12_000;

/** Records the source until something ends it, completes every file, and joins what several attempts wrote. */
export async function record(context: RunContext): Promise<RunResult> {
  const stores = await openRunStores(context);
  const giveUp = new AbortController();
  let deadline: NodeJS.Timeout | undefined;
  const onInterrupt = () => {
    deadline = setTimeout(() => giveUp.abort(), interruptedDeliveryMs);
  };
  context.interrupt.addEventListener('abort', onInterrupt, { once: true });
  if (context.interrupt.aborted) onInterrupt();
  try {
    return await recordInto(stores, giveUp.signal, context);
  } finally {
    context.interrupt.removeEventListener('abort', onInterrupt);
    clearTimeout(deadline);
    await closeStores(stores);
  }
}

async function recordInto(
  stores: ReadonlyMap<string, Store>,
  giveUp: AbortSignal,
  context: RunContext,
): Promise<RunResult> {
  const { book } = context;
  const calledOff = watchForEnd(context);
  const files = await openFiles(stores, { giveUp, calledOff: calledOff.signal }, context)
    .catch((error: unknown) => {
      // A stop or SIGTERM while a storage that may be away is asked: there is nothing to wait for.
      if (!calledOff.signal.aborted || context.spec.attempt > 1) throw error;
    })
    .finally(calledOff.close);
  if (files === undefined) return decideResult(calledOff.outcome, { recorded: false });
  // Beside the recording: what the attempt before left open is safe soon, and does not delay this one.
  const earlier = completeOpenFiles(context, stores);
  const pages = createPageKeeper(context.spec, context.log);
  try {
    const outcome = await capture(context, files, { earlier, pages });
    if (book.startTime !== undefined) book.state = 'Uploading';
    void context.persist();
    const error = (await settled(files)) ?? (await earlier);
    const recorded = book.files.some((tracked) => tracked.file.durationSeconds > 0);
    const isMirror = context.spec.storageMode === 'Mirror';
    // A copy that waits for its storage does not keep the others from being joined.
    const mayJoin = error === undefined || isMirror;
    if (mayJoin && outcome.kind !== 'Interrupted') await joinAttempts(context, stores);
    const elsewhere = !isMirror && stores.size > 1;
    return decideResult(outcome, { recorded, elsewhere, ...(error === undefined ? {} : { error }) });
  } finally {
    await files.abandon();
    await earlier;
    await pages.close();
  }
}

/** Aborts its signal once nothing is to be recorded any more, and knows why. */
function watchForEnd({ interrupt, desired }: RunContext): {
  readonly signal: AbortSignal;
  readonly outcome: CaptureOutcome;
  readonly close: () => void;
} {
  const stopped = new AbortController();
  const unsubscribe = desired.subscribe((state) => {
    if (state === 'Stopped') stopped.abort();
  });
  return {
    signal: AbortSignal.any([interrupt, stopped.signal]),
    get outcome(): CaptureOutcome {
      return stopped.signal.aborted ? { kind: 'Stopped', reason: 'Requested' } : { kind: 'Interrupted' };
    },
    close: unsubscribe,
  };
}

/** The storages, in the order of the spec. Those that refuse are passed over where another takes the file. */
async function openFiles(
  stores: ReadonlyMap<string, Store>,
  signals: { readonly giveUp: AbortSignal; readonly calledOff: AbortSignal },
  { spec, book, persist }: RunContext,
): Promise<OutputFiles> {
  const files = createOutputFiles({ spec, stores: [...stores.values()], book, persist, ...signals });
  try {
    await files.prepare();
    return files;
  } catch (error) {
    await files.abandon();
    throw error;
  }
}

async function settled(files: OutputFiles): Promise<TapedeckError | undefined> {
  try {
    await files.settle();
    return undefined;
  } catch (error) {
    return TapedeckError.from(error);
  }
}

/** Runs the capture under everything that may end it: a stop, a limit, SIGTERM, the source itself, a full spool. */
async function capture(
  context: RunContext,
  files: OutputFiles,
  { earlier, pages }: { readonly earlier: Promise<unknown>; readonly pages: PageKeeper },
): Promise<CaptureOutcome> {
  const { spec, book, log, interrupt, desired } = context;
  const stop = new AbortController();
  let outcome: CaptureOutcome | undefined;
  const end = (why: CaptureOutcome) => {
    outcome ??= why;
    stop.abort();
  };
  const pipeline = createPipeline({
    spec,
    book,
    files,
    onFull: (reason) => end({ kind: 'Stopped', reason }),
  });
  const onInterrupt = () => {
    pipeline.stop();
    end({ kind: 'Interrupted' });
  };
  interrupt.addEventListener('abort', onInterrupt, { once: true });
  if (interrupt.aborted) onInterrupt();
  const unsubscribe = desired.subscribe((state) => {
    if (state === 'Paused') pipeline.pause();
    if (state === 'Recording') pipeline.resume();
    if (state === 'Stopped') {
      pipeline.stop();
      end({ kind: 'Stopped', reason: 'Requested' });
    }
    void context.persist();
  });
  const metadata = createMetadataLog(log);
  try {
    const loop = captureLoop(
      {
        ...{ spec, log, stop: stop.signal, before: recordedBefore(context, earlier) },
        ...pipeline.handlers,
        onPageMessage(message) {
          if (message.type === 'Metadata') metadata.take(message.value, { state: book.state });
          if (message.type !== 'Stop') return;
          pipeline.stop();
          end({ kind: 'Stopped', reason: 'SourceEnded' });
        },
      },
      pages,
    );
    // Beside the file's end, which does not wait for it.
    const sourceEnd = await loop.finally(() => void pages.close());
    await pipeline.end();
    return outcome ?? outcomeOf(sourceEnd);
  } catch (error) {
    const known = TapedeckError.from(error);
    if (known.code === 'Unknown') throw error;
    log.warn('CaptureBroken', { code: known.code, message: known.message });
    book.notice({ reason: known.code, message: known.message });
    await pipeline.end();
    return { kind: 'Failed', error: known };
  } finally {
    metadata.close();
    unsubscribe();
    interrupt.removeEventListener('abort', onInterrupt);
    stop.abort();
  }
}

/** How long media may wait until it is known where the file before ends; its own account is taken then. */
const earlierWaitMs = 5_000;

/** What the attempt before recorded of the source, where that can be told. */
function recordedBefore({ spec, book }: RunContext, earlier: Promise<unknown>) {
  const last = spec.previous.at(-1);
  if (last?.sourceEnd === undefined) return undefined;
  return {
    end: last.sourceEnd,
    async endSeconds() {
      await Promise.race([earlier, delay(earlierWaitMs, undefined, { ref: false })]);
      const file = book.files.find((tracked) => tracked.file.key === last.key)?.file ?? last;
      return file.state === 'Complete' ? file.durationSeconds : (file.heldSeconds ?? file.durationSeconds);
    },
  };
}

function outcomeOf(end: SourceEnd | undefined): CaptureOutcome {
  if (end?.kind === 'Failed') return { kind: 'Failed', error: end.error };
  return { kind: 'Stopped', reason: 'SourceEnded' };
}
