import { type CopySpec, type RunResult, TapedeckError } from '@tapedeck/core';
import type { Store } from '@tapedeck/storage';
import { closeStores, openStores } from '../open-stores.ts';
import { type ReportedRun, reportWhile } from '../report-session.ts';
import type { RunLog } from '../run-log.ts';
import { type CopyBook, createCopyBook } from './copy-book.ts';
import { copyOneFile, dropUpload } from './copy-file.ts';
import { copyExitOf, copyResult } from './copy-outcome.ts';

/** Copies the files of a finished recording to another storage, one after the other. */
export async function copy(spec: CopySpec, log: RunLog, interrupt: AbortController): Promise<RunResult> {
  const book = createCopyBook(spec);
  return await reportWhile({
    spec,
    log,
    interrupt,
    report: () => book.report(),
    work: (run) =>
      copyFiles(spec, book, log, interrupt.signal, run).catch((error: unknown) => {
        const known = TapedeckError.from(error);
        const { code, message } = known;
        const stack = code === 'Unknown' && error instanceof Error ? error.stack : undefined;
        log.warn('CopyFailed', { code, message, stack });
        return copyResult(known);
      }),
    onResult(result) {
      book.result = result;
      book.state = 'Ended';
    },
  });
}

async function copyFiles(
  spec: CopySpec,
  book: CopyBook,
  log: RunLog,
  interrupt: AbortSignal,
  { desired, persist }: ReportedRun,
): Promise<RunResult> {
  const refused = new Map<string, TapedeckError>();
  const unusable = (storage: string, { message }: TapedeckError) => `${storage} cannot be used: ${message}`;
  const stores = await openStores(spec.storages, (storage, error) => {
    refused.set(storage, error);
    book.notice({ reason: 'StoragePassedOver', message: unusable(storage, error) });
  });
  const unwanted = new AbortController();
  const forget = desired.subscribe((state) => {
    if (state === 'Stopped') unwanted.abort();
  });
  const signal = AbortSignal.any([interrupt, unwanted.signal]);
  try {
    const target = stores.get(spec.target);
    if (target === undefined) {
      const refusal = refused.get(spec.target);
      throw new TapedeckError(
        'InvalidCredentials',
        refusal === undefined
          ? `The run does not have storage ${spec.target}.`
          : unusable(spec.target, refusal),
      );
    }
    book.state = 'Uploading';
    try {
      for (const wanted of spec.files) {
        signal.throwIfAborted();
        const { attempt } = spec;
        await copyOneFile({ wanted, attempt, stores, refused, target, book, log, persist, signal });
      }
      return { exit: 'Complete' };
    } catch (error) {
      if (unwanted.signal.aborted) {
        await dropAll(spec, book, target);
        return { exit: 'Interrupted' };
      }
      if (interrupt.aborted) return { exit: 'Interrupted' };
      // Nobody goes on from it: the copy has failed.
      if (copyExitOf(TapedeckError.from(error)) !== 'Retry') await dropAll(spec, book, target);
      throw error;
    }
  } finally {
    forget();
    await closeStores(stores);
  }
}

/** What is complete stays, and nothing unfinished is left in the bucket. */
async function dropAll(spec: CopySpec, book: CopyBook, target: Store): Promise<void> {
  for (const { key } of spec.files) {
    const file = book.file(key);
    if (file?.state === 'Open') await dropUpload(file, target, book);
  }
}
