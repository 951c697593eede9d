import type { RunSpec } from '@tapedeck/core';
import type { Fragment, InitSegment } from '@tapedeck/encoder';
import type { Store } from '@tapedeck/storage';
import type { OutputFile } from './mirrored-file.ts';
import { openOutputFile } from './open-output-file.ts';
import type { RunBook } from './run-book.ts';

/**
 * Files that may be sending their ends at the same time; a split beyond that waits for the first of them. Where the file
 * goes to several storages it does not: what the slow one lacks of the oldest is delivered later.
 */
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
  /** In order of preference. */
  readonly stores: readonly Store[];
  readonly book: RunBook;
  /** Makes the journals in the book durable. */
  readonly persist: () => Promise<void>;
  /** Aborted: uploads give up what they are still trying and leave it for later. */
  readonly giveUp: AbortSignal;
  /** Aborted: the first file need not be opened any more. */
  readonly calledOff: AbortSignal;
}): OutputFiles {
  const { spec, stores, book, persist } = options;
  const files: OutputFile[] = [];
  const closing = new Map<Promise<void>, AbortController>();
  /** Of the current file: what waits in it is given up for later. */
  let leave = new AbortController();
  /** Fires on that, or when all are given up. One for the whole file, not one for each fragment. */
  let giveUpCurrent = AbortSignal.any([options.giveUp, leave.signal]);
  const failures: unknown[] = [];
  let segment = firstSegment(spec);
  /** Its upload is open, its tracks are not known yet. */
  let prepared: OutputFile | undefined;
  let current: OutputFile | undefined;

  async function prepare(): Promise<OutputFile> {
    // A recording that has begun must not wait for a storage that is away.
    const inBackground = files.length > 0 || spec.attempt > 1;
    const calledOff = files.length > 0 ? {} : { calledOff: options.calledOff };
    const file = await openOutputFile({
      spec,
      stores,
      book,
      persist,
      segment,
      inBackground,
      ...calledOff,
    });
    files.push(file);
    book.files = [...book.files, ...file.sinks];
    await persist();
    return file;
  }

  async function makeRoom(): Promise<void> {
    while (closing.size >= maxClosing) {
      const [oldest] = closing;
      if (spec.storageMode === 'Mirror') oldest?.[1].abort();
      await Promise.race(closing.keys());
    }
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
      leave = new AbortController();
      giveUpCurrent = AbortSignal.any([options.giveUp, leave.signal]);
      await current.begin(init);
    },
    async append(fragment) {
      await current?.append(fragment, giveUpCurrent);
    },
    async close() {
      const file = current;
      if (file === undefined) return;
      current = undefined;
      await makeRoom();
      const [left, signal] = [leave, giveUpCurrent];
      const end = file
        .finish(signal)
        .catch((error: unknown) => void failures.push(error))
        .finally(() => {
          closing.delete(end);
          persistSoon();
        });
      closing.set(end, left);
    },
    async settle() {
      const unused = prepared;
      prepared = undefined;
      if (unused !== undefined) {
        book.files = book.files.filter((tracked) => !unused.sinks.some((sink) => sink === tracked));
        await unused.discard();
      }
      await Promise.all(closing.keys());
      if (failures.length > 0) throw failures[0];
    },
    async abandon() {
      await Promise.allSettled(files.map((file) => file.close()));
      await Promise.allSettled(closing.keys());
    },
  };
}

/** An attempt goes on in the segment where the one before it broke off. */
export function firstSegment(spec: RunSpec): number {
  return spec.previous.at(-1)?.segment ?? 1;
}
