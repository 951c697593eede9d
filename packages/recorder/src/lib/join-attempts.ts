import { fileKey, type RunFile, type RunSpec, TapedeckError } from '@tapedeck/core';
import { createMp4FragmentReader, createTimeline, type TimelineEvent } from '@tapedeck/encoder';
import type { Store } from '@tapedeck/storage';
import { openFileSink } from './file-sink.ts';
import { readObject } from './object-reader.ts';
import type { RunContext } from './run.ts';
import type { TrackedFile } from './run-book.ts';
import { spoolDirectory } from './scratch.ts';

/** Seconds that the joined file may have more than its pieces say, for the room of its index. */
const slackSeconds = 60;

/**
 * Makes one file of what several attempts wrote of the same segment, by passing the fragments of each through the
 * timeline once more; nothing is encoded again. It is a bonus: where the storage cannot be read, or the pieces do
 * not fit together, they stay as they are, in order, and a notice says why.
 */
export async function joinAttempts(context: RunContext, stores: ReadonlyMap<string, Store>): Promise<void> {
  const { book, log } = context;
  for (const pieces of brokenSegments(book.files.map((tracked) => tracked.file))) {
    const store = stores.get(pieces[0]?.storage ?? '');
    if (store === undefined) continue;
    try {
      const joined = await joinPieces(context, store, pieces);
      // Remembered with it: whoever is killed before they are gone leaves that to the next run.
      const replaces = pieces.flatMap((piece) => [piece.key, ...(piece.replaces ?? [])]);
      book.files = replacePieces(book.files, pieces, { ...joined, replaces });
      await context.persist();
    } catch (error) {
      const { code, message } = TapedeckError.from(error);
      log.warn('NotJoined', { code, message, keys: pieces.map((piece) => piece.key) });
      book.notice({
        reason: 'NotJoined',
        message:
          pieces.length === 1
            ? `The file plays, but has no index, so seeking in it takes longer: ${message}`
            : `${pieces.length} files are listed in order instead of one: ${message}`,
      });
    }
  }
  await removeReplaced(context, stores);
}

/**
 * The segments that more than one attempt wrote, or one that could not finish it: what was completed from a journal
 * has no checksum, and no index either. All files of a segment are complete; of those in several storages each group that
 * follows each other is joined for itself, and so is each copy.
 */
export function brokenSegments(files: readonly RunFile[]): RunFile[][] {
  const bySegment = Map.groupBy(files, ({ segment, copy }) => `${segment} ${copy ?? ''}`);
  return [...bySegment.values()]
    .filter((pieces) => pieces.every(({ state }) => state === 'Complete'))
    .flatMap(byStorage)
    .filter((pieces) => pieces.length > 1 || pieces.some(({ crc32 }) => crc32 === undefined));
}

/** What follows each other in one storage. */
function byStorage(pieces: readonly RunFile[]): RunFile[][] {
  const runs: RunFile[][] = [];
  for (const piece of pieces) {
    const run = runs.at(-1);
    if (run?.[0]?.storage === piece.storage) run.push(piece);
    else runs.push([piece]);
  }
  return runs;
}

/**
 * A key of its own: the pieces stay what they are until the joined file is complete. One of them may be a joined file
 * itself, when an attempt was killed after it had joined and another one followed.
 */
export function joinedKey(
  spec: RunSpec,
  segment: number,
  pieces: readonly RunFile[],
  firstAttempt = 1,
): string {
  const keyOf = (attempt: number) => fileKey(`${spec.keyBase}_joined`, { segment, attempt });
  const usual = keyOf(firstAttempt);
  return pieces.some(({ key }) => key === usual) ? keyOf(spec.attempt) : usual;
}

async function joinPieces(context: RunContext, store: Store, pieces: readonly RunFile[]): Promise<RunFile> {
  const { spec, interrupt, log, book } = context;
  const [{ segment, attempt, copy } = { segment: 1, attempt: 1, copy: undefined }] = pieces;
  // A segment that lies in several storages may come back to the first, and then has two joined files there.
  const isWhole = book.files
    .filter(({ file }) => file.segment === segment && file.copy === copy)
    .every(({ file }) => pieces.some(({ storage }) => storage === file.storage));
  const firstAttempt = isWhole ? 1 : attempt;
  const timeline = createTimeline({ splitEverySeconds: Number.POSITIVE_INFINITY });
  const sink = await openFileSink({
    openUpload: (options) => store.createUpload(options),
    ...(copy === undefined ? {} : { copy }),
    segment,
    attempt: spec.attempt,
    key: joinedKey(spec, segment, pieces, firstAttempt),
    durabilitySeconds: spec.durabilitySeconds,
    spool: { directory: spoolDirectory(spec, 0, segment), maxBytes: spec.scratch.maxBytes },
    maxSeconds: pieces.reduce((sum, piece) => sum + piece.durationSeconds, slackSeconds),
    // Whoever is interrupted here joins again from the pieces: nothing has to be remembered.
    onJournal: async () => undefined,
  });
  const lengths: { attempt: number; durationSeconds: number }[] = [];
  const carryOut = async (events: readonly TimelineEvent[]) => {
    for (const event of events) {
      if (event.type === 'open') await sink.begin(event.init);
      if (event.type === 'fragment') await sink.append(event.fragment);
      if (event.type === 'close' && event.reason !== 'End')
        throw new TapedeckError('NotSupported', 'the attempts recorded in different formats');
    }
  };
  try {
    for (const piece of pieces) {
      const reader = createMp4FragmentReader();
      const before = timeline.durationSeconds;
      for await (const chunk of readObject(await store.get(piece.key), interrupt)) {
        for (const item of reader.push(chunk)) {
          await carryOut(item.kind === 'init' ? timeline.startSession(item) : timeline.add(item, 0));
        }
      }
      const durationSeconds = timeline.durationSeconds - before;
      lengths.push(...(piece.pieces ?? [{ attempt: piece.attempt, durationSeconds }]));
    }
    await carryOut(timeline.end());
    await sink.finish(interrupt);
    log.info('Joined', { key: sink.file.key, pieces: pieces.length });
    return { ...sink.file, segment, pieces: lengths };
  } catch (error) {
    // What went wrong first is what is told; parts that stay are the bucket's lifecycle rule's.
    await sink.discard().catch(() => undefined);
    throw error;
  }
}

function replacePieces(
  files: readonly TrackedFile[],
  pieces: readonly RunFile[],
  joined: RunFile,
): TrackedFile[] {
  // Copies have the same keys.
  const isPiece = ({ file: { key, storage } }: TrackedFile) =>
    pieces.some((piece) => piece.key === key && piece.storage === storage);
  const at = files.findIndex(isPiece);
  const kept = files.filter((tracked) => !isPiece(tracked));
  return kept.toSpliced(at, 0, { file: joined, progress: undefined });
}

/**
 * Deletes what joined files took the place of, those of an attempt that was killed before it could as well. A storage
 * that grants no deleting keeps the pieces beside the joined file: untidy, and nobody's loss.
 */
async function removeReplaced(context: RunContext, stores: ReadonlyMap<string, Store>): Promise<void> {
  const { book } = context;
  const untidy = book.files.filter(({ file }) => file.replaces !== undefined);
  if (untidy.length === 0) return;
  for (const { file } of untidy) {
    const store = stores.get(file.storage);
    for (const key of file.replaces ?? []) if (store !== undefined) await removePiece(store, key, context);
  }
  book.files = book.files.map((tracked) => {
    const { replaces, ...file } = tracked.file;
    return replaces === undefined ? tracked : { file, progress: undefined };
  });
  await context.persist();
}

async function removePiece(store: Store, key: string, { book, log }: RunContext): Promise<void> {
  try {
    await store.delete(key);
  } catch (error) {
    const { code, message } = TapedeckError.from(error);
    if (code === 'NotFound') return; // Who was killed had come this far.
    log.warn('PieceKept', { key, code, message });
    book.notice({
      reason: 'PiecesKept',
      message: 'The files that were joined could not be deleted; they may be.',
    });
  }
}
