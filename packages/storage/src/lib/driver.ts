import type { Readable } from 'node:stream';

/** What a configured driver can do; the store and the conformance suite choose by it, never by provider. */
export interface Capabilities {
  /** Smallest part but the last, in bytes. */
  readonly minPartSize: number;
  readonly maxPartSize: number;
  /** Highest part number. */
  readonly maxParts: number;
  /** Every part but the last must have the same size (R2). */
  readonly equalParts: boolean;
  /** A part number may be put again, the later bytes counting; without it there are no provisional parts. */
  readonly replaceParts: boolean;
  /** Part 1 may be put again after others (false for sequential sessions). */
  readonly rewriteFirstPart: boolean;
  /**
   * False where the service takes parts of an upload that is over (as Azure does, beside the blob): a zombie is then
   * refused by `complete` only. Absent: `putPart` refuses it already.
   */
  readonly refusesLateParts?: boolean;
  /**
   * Parts have to be put in order, one at a time, and all but the last have to be multiples of so many bytes; absent:
   * in any order, of any size within the limits.
   */
  readonly sequence?: { readonly multiple: number };
  /** The service can build an object from ranges of others without the bytes passing through us. */
  readonly serverSideCopy: boolean;
  /** Links that open without credentials can be made. */
  readonly signUrls: boolean;
}

/** One object to write. `key` is complete, prefix included, at most 1,024 bytes of UTF-8. */
export interface ObjectSpec {
  readonly key: string;
  readonly contentType: string;
  /** Written next to the object where the service has room for it; ASCII keys and values. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Written to find out whether it can be, and deleted at once: nothing is to keep it for long. */
  readonly isProbe?: boolean;
}

/** Opaque to all but the driver that made it; JSON, and without secrets, for it is stored in clear. */
export type UploadToken = unknown;
/** Likewise: what `complete` needs to name the part. */
export type PartReceipt = unknown;

export interface Part {
  /** From 1. */
  readonly number: number;
  /** Of its first byte in the object. */
  readonly offset: number;
  /** Views that stay unchanged until the call ends. */
  readonly bytes: readonly Uint8Array[];
  readonly size: number;
  /**
   * Counts the contents that this number has had, whichever process puts them: of two puts the one with the higher
   * revision is the newer, whenever it arrives. Absent: 0.
   */
  readonly revision?: number;
  /** Over its bytes, where the caller knows it already. */
  readonly crc32?: number;
}

export interface CompletedPart {
  readonly number: number;
  readonly offset: number;
  readonly size: number;
  readonly receipt: PartReceipt;
}

/** A part as the service lists it. */
export interface StoredPart {
  readonly number: number;
  readonly size: number;
  readonly receipt: PartReceipt;
}

export interface ObjectInfo {
  readonly key: string;
  readonly size: number;
  /** The service's own word for this version of the object; not a checksum of its bytes. */
  readonly etag?: string;
}

export interface CallOptions {
  readonly signal?: AbortSignal;
}

/**
 * One storage service, thin: one call, one request (or the few that the service needs), no retry of its own
 * and nothing of an upload kept between calls, so that any process can go on from a token. Every rejection is a TapedeckError;
 * an aborted signal rejects with `Aborted`. Retrying, order and bounds are the store's.
 */
export interface Driver {
  readonly provider: string;
  readonly capabilities: Capabilities;
  /** The address that is asked, for people: without user names, passwords and query. */
  readonly endpoint?: string;
  /** Requests go through a proxy that the environment names: the way to the endpoint cannot be looked at from here. */
  readonly viaProxy?: boolean;
  /** Who logs in, where a person has to say that to fetch a file by hand. */
  readonly username?: string;
  /** Fingerprint of the key that was taken because it was the first: a driver with other credentials has to hold to it. */
  readonly trustedHostKey?: string | undefined;
  /** Where a person finds the key: `s3://bucket/key`, `file:///dir/key`. */
  url(key: string): string;
  /** Opens an upload. Nothing is visible under the key until `complete`. */
  begin(object: ObjectSpec, options?: CallOptions): Promise<UploadToken>;
  /**
   * Puts one part. The caller puts each number one call at a time; the same number again replaces it (where
   * `replaceParts`). Rejects with `UploadGone` once the upload is completed or aborted, but for services that
   * do not tell (`refusesLateParts`).
   */
  putPart(token: UploadToken, part: Part, options?: CallOptions): Promise<PartReceipt>;
  /**
   * The receipt that `putPart` is going to give, from the bytes alone. With it whoever completes the upload
   * after a crash can tell whether a put had arrived without asking the service. Present where the driver can
   * tell; a wrong one costs an attempt at `complete`, nothing else.
   */
  predictReceipt?(part: Part): PartReceipt;
  /**
   * Makes the object of exactly these parts, in order of number, without gaps. Repeating it after it worked
   * either works again or rejects with `UploadGone`. Rejects with `PartMismatch` when a receipt is stale.
   */
  complete(token: UploadToken, parts: readonly CompletedPart[], options?: CallOptions): Promise<ObjectInfo>;
  /**
   * What the service holds of an upload, in order of number, for whoever completes it after a crash: a part
   * may have arrived whose receipt nobody wrote down. Absent where the service has no such call; rejects with
   * `StorageDenied` where we may not ask, `UploadGone` when the upload is over.
   */
  listParts?(token: UploadToken, options?: CallOptions): Promise<readonly StoredPart[]>;
  /** Drops the upload and its parts; one that is already gone is no error. */
  abort(token: UploadToken, options?: CallOptions): Promise<void>;
  /** Writes a small object in one request (at most 5 MiB). */
  put(object: ObjectSpec, bytes: Uint8Array, options?: CallOptions): Promise<ObjectInfo>;
  /** Rejects with `NotFound` where there is none, `StorageDenied` where we may not look. */
  head(key: string, options?: CallOptions): Promise<ObjectInfo>;
  /** `range` is [first byte, byte after the last). */
  get(key: string, range?: readonly [number, number], options?: CallOptions): Promise<Readable>;
  delete(key: string, options?: CallOptions): Promise<void>;
  list(prefix: string, options?: CallOptions): AsyncIterable<ObjectInfo>;
  /** Present where `capabilities.signUrls`. */
  signUrl?(key: string, expiresInSeconds: number): Promise<string>;
  /** Frees connections; idempotent. */
  close(): Promise<void>;
}
