import { fileKey, type RunSpec } from '@tapedeck/core';
import type { Fragment, InitSegment } from '@tapedeck/encoder';
import type { Store } from '@tapedeck/storage';
import { type FileSink, openFileSink } from './file-sink.ts';
import type { RunBook } from './run-book.ts';
import { spoolDirectory } from './scratch.ts';

/** Files that may be sending their ends at the same time; a split beyond that waits for the first of them. */
const maxClosing = 2;

/** The files of one run, opened, filled and closed in order as the timeline says. */
export interface OutputFiles {
  /** Begins the upload of the first file before there is media. Rejects when the storage refuses it. */
  prepare(): Promise<void>;
  open(init: InitSegment, segment: number): Promise<void>;
  append(fragment: Fragment): Promise<void>;
  /** The end of the file is sent in the background. */
  close(): Promise<void>;
  /** Resolves once every file is complete; rejects with the first reason why one is not. */
  settle(): Promise<void>;
  /** Stops sending; what is open is left for whoever comes next. Idempotent. */
  abandon(): Promise<void>;
}

export function createOutputFiles(options: {
  readonly spec: RunSpec;
  readonly store: Store;
  readonly book: RunBook;
  /** Makes the journals in the book durable. */
  readonly persist: () => Promise<void>;
  /** Aborted: uploads give up what they are still trying and leave it for later. */
  readonly giveUp: AbortSignal;
  /** Aborted: the first file need not be opened any more. */
  readonly calledOff: AbortSignal;
}): OutputFiles {
  const { spec, store, book } = options;
  const sinks: FileSink[] = [];
  const closing = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let segment = firstSegment(spec);
  /** Its upload is open, its tracks are not known yet. */
  let prepared: FileSink | undefined;
  let current: FileSink | undefined;

  async function prepare(): Promise<FileSink> {
    const sink = await openFileSink({
      store,
      segment,
      attempt: spec.attempt,
      key: fileKey(spec.keyBase, { segment, attempt: spec.attempt }),
      durabilitySeconds: spec.durabilitySeconds,
      spool: { directory: spoolDirectory(spec, spec.attempt, segment), maxBytes: spec.scratch.maxBytes },
      maxSeconds: longestFile(spec),
      onJournal: options.persist,
      // A recording that has begun must not wait for a storage that is away.
      inBackground: sinks.length > 0 || spec.attempt > 1,
      ...(sinks.length > 0 ? {} : { signal: options.calledOff }),
    });
    sinks.push(sink);
    book.files = [...book.files, sink];
    await options.persist();
    return sink;
  }

  /** Nobody waits for it: the report after this one says the same. */
  function persistSoon(): void {
    options.persist().catch(() => undefined);
  }

  return {
    async prepare() {
      prepared ??= await prepare();
    },
    async open(init, nextSegment) {
      segment = nextSegment;
      current = prepared ?? (await prepare());
      prepared = undefined;
      await current.begin(init);
    },
    async append(fragment) {
      await current?.append(fragment);
    },
    async close() {
      const sink = current;
      if (sink === undefined) return;
      current = undefined;
      while (closing.size >= maxClosing) await Promise.race(closing);
      const end = sink
        .finish(options.giveUp)
        .catch((error: unknown) => void failures.push(error))
        .finally(() => {
          closing.delete(end);
          persistSoon();
        });
      closing.add(end);
    },
    async settle() {
      const unused = prepared;
      prepared = undefined;
      if (unused !== undefined) {
        book.files = book.files.filter((tracked) => tracked !== unused);
        await unused.discard();
      }
      await Promise.all(closing);
      if (failures.length > 0) throw failures[0];
    },
    async abandon() {
      await Promise.allSettled(sinks.map((sink) => sink.close()));
      await Promise.allSettled(closing);
    },
  };
}

function longestFile(spec: RunSpec): number {
  return Math.min(
    spec.splitEverySeconds,
    spec.maxDurationSeconds,
    spec.stopAfterSeconds ?? Number.POSITIVE_INFINITY,
  );
}

/** An attempt goes on in the segment where the one before it broke off. */
export function firstSegment(spec: RunSpec): number {
  return spec.previous.at(-1)?.segment ?? 1;
}
