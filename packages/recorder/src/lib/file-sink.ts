import type { RunFile, UploadJournal } from '@tapedeck/core';
import {
  createMp4File,
  type Fragment,
  type InitSegment,
  type Mp4File,
  minFillerSize,
  mp4Filler,
} from '@tapedeck/encoder';
import type { Store, Upload, UploadProgress } from '@tapedeck/storage';
import type { TrackedFile } from './run-book.ts';

/** One output file being written: fragments in, an ordinary MP4 in the storage out. */
export interface FileSink extends TrackedFile {
  append(fragment: Fragment): Promise<void>;
  /** Sends what is left, the full index in front. Without a fragment the upload is dropped: no empty object. */
  finish(signal: AbortSignal): Promise<void>;
  /** Stops sending and leaves the upload for whoever comes next. Idempotent. */
  close(): Promise<void>;
  /** Drops the upload. */
  discard(): Promise<void>;
}

export interface FileSinkOptions {
  readonly store: Store;
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
}

/** Begins the upload, before there is any media: a storage that refuses is known before the recording starts. */
export async function openFileSink(options: FileSinkOptions): Promise<PreparedFileSink> {
  let journal: UploadJournal | undefined;
  const upload = await options.store.createUpload({
    key: options.key,
    contentType: 'video/mp4',
    durabilitySeconds: options.durabilitySeconds,
    spool: options.spool,
    filler: mp4Filler,
    minFillerSize,
    openInBackground: options.inBackground ?? false,
    onJournal: (next) => {
      journal = next;
      return options.onJournal();
    },
  });
  return {
    begin: (init) => beginFile(options, upload, () => journal, init),
    abort: () => upload.abort(),
  };
}

export interface PreparedFileSink {
  begin(init: InitSegment): Promise<FileSink>;
  abort(): Promise<void>;
}

async function beginFile(
  options: FileSinkOptions,
  upload: Upload,
  journal: () => UploadJournal | undefined,
  init: InitSegment,
): Promise<FileSink> {
  const layout = createMp4File({ init, maxSeconds: options.maxSeconds });
  let bytes = layout.head.length;
  let durationSeconds = 0;
  let empty = true;
  let complete: Pick<RunFile, 'bytes' | 'crc32' | 'url'> | undefined;
  await upload.append(layout.head);

  return {
    get file(): RunFile {
      const open = journal();
      return {
        segment: options.segment,
        attempt: options.attempt,
        key: options.key,
        storage: options.store.name,
        durationSeconds,
        ...(complete === undefined
          ? { state: 'Open', bytes, ...(open === undefined ? {} : { journal: open }) }
          : { state: 'Complete', ...complete }),
      };
    },
    get progress(): UploadProgress | undefined {
      return complete === undefined ? upload.progress : undefined;
    },
    async append(fragment) {
      empty = false;
      const offset = await upload.append(fragment.bytes);
      layout.add(fragment, offset);
      bytes = offset + fragment.bytes.length;
      durationSeconds = Math.max(durationSeconds, fragment.endSeconds);
    },
    async finish(signal) {
      if (empty) return upload.abort();
      const object = await upload.finish({ ...finalLayout(layout, upload), signal });
      complete = { bytes: object.size, crc32: object.crc32, url: object.url };
    },
    close: () => upload.close(),
    discard: () => upload.abort(),
  };
}

/** A file that nobody has a part of yet needs no reserved room: it is laid out anew, as small as it can be. */
function finalLayout(layout: Mp4File, upload: Upload): Parameters<Upload['finish']>[0] {
  const size = upload.progress.bytesAppended;
  if (upload.wholeInMemory) return { replaceStart: layout.compact(size) };
  return layout.finish(size);
}
