import type { Readable } from 'node:stream';
import type { ErrorCode, RunCredentials, UploadJournal } from '@tapedeck/core';
import type { Capabilities, ObjectInfo } from './driver.ts';
import type { TransferOptions } from './transfer/transfer.ts';

/** Where and how far an upload is, for the report and the live line. */
export interface UploadProgress {
  /** Bytes handed to `append`. */
  readonly bytesAppended: number;
  /** Of these, held by the storage (provisional parts included). */
  readonly bytesStored: number;
  /** Age in seconds of the oldest appended byte that the storage does not hold. */
  readonly lagSeconds: number;
  /** Bytes waiting on scratch because the storage does not answer. */
  readonly bytesSpooled: number;
  /** Why the storage is away, while it is. */
  readonly trouble?: { readonly code: ErrorCode; readonly message: string; readonly sinceMs: number };
}

export interface UploadOptions {
  /** Below the storage's prefix. */
  readonly key: string;
  readonly contentType: string;
  readonly durabilitySeconds: number;
  /** Where parts go while the storage is away. Absent: `append` waits instead. */
  readonly spool?: { readonly directory: string; readonly maxBytes: number };
  /**
   * Called with the journal when the upload opens (awaited before the first part is sent) and after every
   * change (not awaited). What it is given must be made durable by whoever passes it.
   */
  readonly onJournal: (journal: UploadJournal) => Promise<void> | void;
  /**
   * Makes exactly `size` bytes (>= `minFillerSize`) that a reader of the format skips; needed where parts
   * must be equal, so that they can still end between units.
   */
  readonly filler?: (size: number) => Uint8Array;
  /** Default 8: a box or element of nothing but its header. */
  readonly minFillerSize?: number;
  /**
   * For the next file of a recording that runs already: when the storage is away, the upload opens once it is
   * back, and parts spool until then (with `spool` only). The first journal then has no token (null). Without
   * it `createUpload` rejects after half a minute of trying.
   */
  readonly openInBackground?: boolean;
  /**
   * A storage that refuses is treated as one that is away (with `spool` and `openInBackground` only): parts spool, it
   * is tried again now and then and at the end, and only the end rejects. For a copy beside others.
   */
  readonly refusedIsAway?: boolean;
  /** Calls off an upload that still opens: `createUpload` rejects at once. One that is open does not hear it. */
  readonly signal?: AbortSignal;
}

export interface AppendOptions {
  /** The bytes have their place already, so no filler comes before them. */
  readonly exact?: boolean;
  /**
   * Nobody else looks at the bytes from now on. Their memory is given back as soon as the storage holds them, where it is
   * theirs alone: the unit is empty then. Otherwise they are left to the collector.
   */
  readonly owned?: boolean;
  /**
   * Ends the wait for room, of this append and of all others: from then on only the disk is the limit of what waits on
   * scratch, and what finds no room there (or where there is no scratch) is refused at once.
   */
  readonly signal?: AbortSignal;
}

export interface FinishOptions {
  readonly head?: Uint8Array;
  readonly tail?: Uint8Array;
  readonly replaceStart?: { readonly length: number; readonly bytes: Uint8Array };
  /** Makes what is appended in place of `head` and `tail` where the storage does not take part 1 again. */
  readonly trailer?: () => Uint8Array;
  /** Gives up waiting for a storage that is away, and for room (see `append`); what is missing is on scratch then. */
  readonly signal?: AbortSignal;
}

export interface UploadedObject extends ObjectInfo {
  readonly url: string;
  /** Eight hex digits, over the whole object. */
  readonly crc32: string;
}

/** An object being written while it grows. */
export interface Upload {
  readonly key: string;
  /** Name of the storage that it goes to. */
  readonly storage: string;
  readonly progress: UploadProgress;
  /**
   * Adds a unit: no part ends inside it. The bytes belong to the upload from here on (they are not copied).
   * Resolves with the unit's offset in the object, once there is room for it in memory or on scratch.
   * Rejects with `SpoolFull` or `ScratchFull` when there is none left, and with the storage's own error when it is
   * `stalled`; what was appended before can still be completed.
   */
  append(unit: Uint8Array, options?: AppendOptions): Promise<number>;
  /**
   * Sends what is left, puts part 1 again with `head` in place of its first bytes (same length), and
   * completes. With `replaceStart`, which may have another length than what it replaces, the first
   * `replaceStart.length` bytes are dropped for it; that is only possible while `wholeInMemory`.
   *
   * While the storage is away it goes on trying until `signal` fires. Then it rejects (`retry` is `wait`), and
   * the journal together with `spool.directory` is all that `completeFromJournal` needs. However it ends, the
   * upload is closed.
   */
  finish(options?: FinishOptions): Promise<UploadedObject>;
  /** Nothing but provisional parts was sent: the whole object is still in memory and may be laid out anew. */
  readonly wholeInMemory: boolean;
  /** Whether the storage in use takes part 1 again once others followed. */
  readonly rewritesFirstPart: boolean;
  /** Resolves when all that was appended is held by the storage. */
  flush(options?: { signal?: AbortSignal }): Promise<void>;
  /** Drops the upload. */
  abort(): Promise<void>;
  /** Stops timers and requests; leaves the upload open for another process to complete. Idempotent. */
  close(): Promise<void>;
}

/** A file as it was appended, from its beginning, kept elsewhere. */
export interface KeptContent {
  readonly size: number;
  /** A piece from that offset on; undefined at the end. */
  readFrom(offset: number): Promise<Uint8Array | undefined>;
}

/** One configured storage: a driver with prefix, retries, bounds and order. */
export interface Store {
  readonly name: string;
  readonly capabilities: Capabilities;
  url(key: string): string;
  createUpload(options: UploadOptions): Promise<Upload>;
  /**
   * Completes an upload that another process left, from its journal alone; spooled parts that follow the
   * journal's (in `spoolDirectory`: the directory that the upload was given) are sent first, and then what `kept` has
   * beyond all parts. One that is complete already is no error. Rejects with `NotFound` when nothing had reached the
   * storage, `UploadGone` when it was dropped.
   */
  completeFromJournal(
    journal: UploadJournal,
    options?: { spoolDirectory?: string; kept?: KeptContent; signal?: AbortSignal },
  ): Promise<ObjectInfo & { url: string }>;
  abortFromJournal(journal: UploadJournal): Promise<void>;
  /** Brings an object of known length here, or goes on with that; see `transferObject`. */
  transfer(options: TransferOptions): Promise<UploadedObject>;
  put(key: string, bytes: Uint8Array, contentType: string): Promise<ObjectInfo>;
  head(key: string): Promise<ObjectInfo>;
  get(key: string, range?: readonly [number, number]): Promise<Readable>;
  delete(key: string): Promise<void>;
  list(prefix: string): AsyncIterable<ObjectInfo>;
  close(): Promise<void>;
}

export type { RunCredentials, TransferOptions };
