import { type RunFile, TapedeckError, type UploadJournal } from '@tapedeck/core';
import {
  createMp4File,
  type Fragment,
  type InitSegment,
  type Mp4File,
  minFillerSize,
  mp4Filler,
} from '@tapedeck/encoder';
import type { Upload, UploadOptions, UploadProgress } from '@tapedeck/storage';
import { createHeldMedia } from './held-media.ts';
import type { TrackedFile } from './run-book.ts';

/**
 * One output file being written: fragments in, an ordinary MP4 in the storage out. It is a file of the run from the
 * moment its upload is open, so that nobody has to guess what a killed run left in the bucket.
 */
export interface FileSink extends TrackedFile {
  /** Lays the file out for these tracks. Once, before the first fragment. */
  begin(init: InitSegment): Promise<void>;
  /**
   * `signal` ends its wait for room: see `AppendOptions`. A file that is no copy takes over the fragment's bytes, which are
   * gone once they are stored.
   */
  append(fragment: Fragment, signal?: AbortSignal): Promise<void>;
  /** Sends what is left, the full index in front where the storage lets it get there. Not without a fragment: there are no empty objects. */
  finish(signal: AbortSignal): Promise<void>;
  /** Stops sending and leaves the upload for whoever comes next. Idempotent. */
  close(): Promise<void>;
  /** Drops the upload. */
  discard(): Promise<void>;
}

/** An upload as a file needs it; `dropped` where it may change its storage. */
export type FileUpload = Upload & { readonly dropped?: readonly UploadJournal[] };

export interface FileSinkOptions {
  readonly openUpload: (
    options: UploadOptions & { readonly spool: NonNullable<UploadOptions['spool']> },
  ) => Promise<FileUpload>;
  /** The upload may go to another storage from its beginning. */
  readonly mayMove?: boolean;
  /** Which of several equal files it is, from 1. */
  readonly copy?: number;
  readonly segment: number;
  readonly attempt: number;
  readonly key: string;
  readonly durabilitySeconds: number;
  readonly spool: { readonly directory: string; readonly maxBytes: number };
  /** Longest that the file can become: the room for its index is reserved by it. */
  readonly maxSeconds: number;
  /** The file's journal is new or has changed; resolves once it is durable. */
  readonly onJournal: () => Promise<void>;
  /** A file after the first: the recording runs, and must not wait for a storage that is away. */
  readonly inBackground?: boolean;
  /** Calls off the opening; see `UploadOptions.signal`. */
  readonly signal?: AbortSignal;
}

/** Opens the upload, before there is any media: a storage that refuses is known before the recording starts. */
export async function openFileSink(options: FileSinkOptions): Promise<FileSink> {
  let journal: UploadJournal | undefined;
  let layout: Mp4File | undefined;
  let durationSeconds = 0;
  const held = createHeldMedia({ mayShrink: options.mayMove ?? false });
  let complete: Pick<RunFile, 'bytes' | 'crc32' | 'url'> | undefined;
  const upload = await options.openUpload({
    key: options.key,
    contentType: 'video/mp4',
    durabilitySeconds: options.durabilitySeconds,
    spool: options.spool,
    filler: mp4Filler,
    minFillerSize,
    openInBackground: options.inBackground ?? false,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
    onJournal: (next) => {
      journal = next;
      return options.onJournal();
    },
  });

  return {
    get file(): RunFile {
      const { segment, attempt, key, copy } = options;
      const dropped = upload.dropped ?? [];
      const common = {
        segment,
        attempt,
        key,
        // The journal knows of a move first.
        storage: complete === undefined ? (journal?.storage ?? upload.storage) : upload.storage,
        durationSeconds,
        ...(copy === undefined ? {} : { copy }),
        ...(dropped.length === 0 ? {} : { dropped: [...dropped] }),
      };
      if (complete !== undefined) return { ...common, state: 'Complete', ...complete };
      const bytes = upload.progress.bytesAppended;
      const heldSeconds = held.seconds(upload.progress.bytesStored);
      return { ...common, state: 'Open', bytes, heldSeconds, ...(journal === undefined ? {} : { journal }) };
    },
    get progress(): UploadProgress | undefined {
      return complete === undefined ? upload.progress : undefined;
    },
    async begin(init) {
      layout = createMp4File({
        init,
        maxSeconds: options.maxSeconds,
        headStays: !upload.rewritesFirstPart,
      });
      await upload.append(layout.head);
    },
    async append(fragment, signal) {
      if (layout === undefined)
        throw new TapedeckError('Unknown', 'a fragment came before the tracks were known');
      const { length } = fragment.bytes;
      // Copies share theirs.
      const owned = options.copy === undefined;
      const offset = await upload.append(fragment.bytes, {
        owned,
        ...(signal === undefined ? {} : { signal }),
      });
      layout.add(fragment, offset);
      durationSeconds = layout.durationSeconds;
      held.add(offset + length, durationSeconds);
    },
    async finish(signal) {
      if (layout === undefined) throw new TapedeckError('SourceEmpty', 'nothing was appended');
      const object = await upload.finish({ ...finalLayout(layout, upload), signal });
      complete = { bytes: object.size, crc32: object.crc32, url: object.url };
    },
    close: () => upload.close(),
    discard: () => upload.abort(),
  };
}

/**
 * A file that nobody has a part of yet needs no reserved room: it is laid out anew, as small as it can be. One whose
 * first bytes are gone for good, in a session that takes none twice, gets what can be appended.
 */
function finalLayout(layout: Mp4File, upload: Upload): Parameters<Upload['finish']>[0] {
  const size = upload.progress.bytesAppended;
  if (upload.wholeInMemory) return { replaceStart: layout.compact(size) };
  return { ...layout.finish(size), trailer: () => layout.trailer() };
}
