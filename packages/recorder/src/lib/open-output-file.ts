import { errorKinds, fileKey, type RunSpec, TapedeckError } from '@tapedeck/core';
import { createFallbackUpload, type Store } from '@tapedeck/storage';
import { type FileSinkOptions, openFileSink } from './file-sink.ts';
import { mirrorFile, type OutputFile } from './mirrored-file.ts';
import type { RunBook } from './run-book.ts';
import { spoolDirectory } from './scratch.ts';
import { fallbackNotice } from './storage-notices.ts';

export interface OpenOutputFileOptions {
  readonly spec: RunSpec;
  /** In order of preference. */
  readonly stores: readonly Store[];
  readonly book: RunBook;
  readonly persist: () => Promise<void>;
  readonly segment: number;
  /** The recording runs, and must not wait for a storage that is away. */
  readonly inBackground: boolean;
  /** Calls off the opening; see `UploadOptions.signal`. */
  readonly calledOff?: AbortSignal;
}

/** Opens a file in the storage or the storages that it goes to. Rejects with the last one's refusal when none takes it. */
export async function openOutputFile(options: OpenOutputFileOptions): Promise<OutputFile> {
  const { spec, stores } = options;
  const [store] = stores;
  if (store === undefined) throw new TapedeckError('InvalidManifest', 'The run names no storage.');
  if (spec.storageMode === 'Mirror') return openMirrored(options);
  const { fallbackAfterSeconds } = spec;
  const { inBackground, calledOff } = options;
  const opening = { inBackground, ...(calledOff === undefined ? {} : { signal: calledOff }) };
  const sink =
    stores.length === 1 || fallbackAfterSeconds === undefined
      ? await openFileSink({
          ...common(options),
          ...opening,
          openUpload: (upload) => store.createUpload(upload),
        })
      : await openFileSink({
          ...common(options),
          ...opening,
          mayMove: true,
          openUpload: (upload) =>
            createFallbackUpload(stores, {
              ...upload,
              fallbackAfterSeconds,
              onEvent: (event) => {
                options.book.notice(fallbackNotice(event, new Date()));
                if (event.kind === 'PassedOver') options.book.lose(event.storage, event.error);
                if (event.kind === 'Moved') options.book.lose(event.from, event.error);
              },
            }),
        });
  return {
    sinks: [sink],
    begin: (init) => sink.begin(init),
    append: (fragment, signal) => sink.append(fragment, signal),
    finish: (signal) => sink.finish(signal),
    close: () => sink.close(),
    discard: () => sink.discard(),
  };
}

function common({
  spec,
  segment,
  persist,
}: OpenOutputFileOptions): Omit<FileSinkOptions, 'openUpload' | 'inBackground'> {
  const { attempt, keyBase, durabilitySeconds, scratch } = spec;
  return {
    segment,
    attempt,
    key: fileKey(keyBase, { segment, attempt }),
    durabilitySeconds,
    spool: { directory: spoolDirectory(spec, attempt, segment), maxBytes: scratch.maxBytes },
    maxSeconds: Math.min(
      spec.splitEverySeconds,
      spec.maxDurationSeconds,
      spec.stopAfterSeconds ?? Number.POSITIVE_INFINITY,
    ),
    onJournal: persist,
  };
}

/** One copy in each; a storage that is away or refuses gets its own from scratch once it takes it. */
async function openMirrored(options: OpenOutputFileOptions): Promise<OutputFile> {
  const sinks = await Promise.all(
    options.stores.map((store, index) =>
      openFileSink({
        ...common(options),
        copy: index + 1,
        inBackground: true,
        openUpload: (upload) => store.createUpload({ ...upload, refusedIsAway: true }),
      }),
    ),
  );
  const file = mirrorFile(sinks, (notice) => options.book.notice(notice));
  const refusals = sinks.flatMap(({ progress }) =>
    progress?.trouble !== undefined && errorKinds[progress.trouble.code].retry === 'stalled'
      ? [progress.trouble]
      : [],
  );
  const [refusal] = refusals;
  if (options.inBackground || refusal === undefined || refusals.length < sinks.length) return file;
  await file.close();
  throw new TapedeckError(refusal.code, refusal.message);
}
