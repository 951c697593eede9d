/** Who has to act: the destination's owner, Tapedeck or its machine, or whoever wrote the request. */
export type Fault = 'destination' | 'service' | 'request';

/**
 * What a caller may do next. `retry`: the same call may work at once or after a back-off. `wait`: something
 * outside has to come back first. `stalled`: it fails the same way until a person changes something.
 */
export type Retry = 'retry' | 'wait' | 'stalled';

/** What is known of a code before any particular failure: who has to act and whether trying again helps. */
interface ErrorKind {
  readonly fault: Fault;
  readonly retry: Retry;
}

/**
 * Every way in which Tapedeck fails, as data. The set is closed: conditions, events, exit codes and REST
 * answers are chosen from it at the edges. `Unknown` is what a driver could not recognise; it is never
 * narrowed to something more comfortable.
 */
export const errorKinds = {
  // What was asked
  InvalidManifest: { fault: 'request', retry: 'stalled' },
  InvalidSource: { fault: 'request', retry: 'stalled' },
  InvalidCredentials: { fault: 'request', retry: 'stalled' },
  NotSupported: { fault: 'request', retry: 'stalled' },
  NotFound: { fault: 'request', retry: 'stalled' },
  AlreadyExists: { fault: 'request', retry: 'stalled' },
  Aborted: { fault: 'request', retry: 'stalled' },
  // The source
  SourceUnreachable: { fault: 'request', retry: 'retry' },
  SourceDenied: { fault: 'request', retry: 'stalled' },
  SourceNotFound: { fault: 'request', retry: 'retry' },
  SourceNotMedia: { fault: 'request', retry: 'stalled' },
  SourceEmpty: { fault: 'request', retry: 'stalled' },
  SourceStalled: { fault: 'request', retry: 'retry' },
  SourceLost: { fault: 'request', retry: 'retry' },
  // The page that is a source, and its browser
  /** It was not there, or did not say that it is ready, within the time that it has. */
  PageTimedOut: { fault: 'request', retry: 'retry' },
  /** Its address, or one that it led to, is not to be visited from here. */
  PageRefused: { fault: 'request', retry: 'stalled' },
  PageCertificateInvalid: { fault: 'request', retry: 'stalled' },
  PageCrashed: { fault: 'request', retry: 'retry' },
  PageHung: { fault: 'request', retry: 'retry' },
  BrowserFailed: { fault: 'service', retry: 'retry' },
  BrowserMissing: { fault: 'service', retry: 'stalled' },
  /** The object that is copied is another than when the copy began, or than its recording says. */
  SourceChanged: { fault: 'request', retry: 'stalled' },
  // The destination
  StorageUnreachable: { fault: 'destination', retry: 'wait' },
  StorageUnavailable: { fault: 'destination', retry: 'retry' },
  StorageThrottled: { fault: 'destination', retry: 'retry' },
  StorageTimeout: { fault: 'destination', retry: 'retry' },
  StorageDenied: { fault: 'destination', retry: 'stalled' },
  /** The bucket would take it, but the key that it is to be encrypted with may not be used, or is not there. */
  EncryptionKeyDenied: { fault: 'destination', retry: 'stalled' },
  StorageUnauthenticated: { fault: 'destination', retry: 'stalled' },
  StorageTlsFailed: { fault: 'destination', retry: 'stalled' },
  /** The server shows another key than the one it is known by; nothing was said to it, no password either. */
  HostKeyRejected: { fault: 'destination', retry: 'stalled' },
  BucketNotFound: { fault: 'destination', retry: 'stalled' },
  WrongRegion: { fault: 'destination', retry: 'stalled' },
  ClockSkewed: { fault: 'service', retry: 'stalled' },
  StorageFull: { fault: 'destination', retry: 'wait' },
  /** The upload was completed or aborted by somebody else: this process is a zombie, or the work is done. */
  UploadGone: { fault: 'service', retry: 'stalled' },
  /** The service holds other bytes under a part number than the receipt says. */
  PartMismatch: { fault: 'service', retry: 'retry' },
  /** What was read and what was recorded have different checksums; nothing was completed. */
  ChecksumMismatch: { fault: 'request', retry: 'stalled' },
  // The machine
  EncoderFailed: { fault: 'service', retry: 'retry' },
  EncoderMissing: { fault: 'service', retry: 'stalled' },
  SpoolFull: { fault: 'service', retry: 'wait' },
  ScratchFull: { fault: 'service', retry: 'wait' },
  // The cluster
  ClusterUnreachable: { fault: 'service', retry: 'retry' },
  ClusterDenied: { fault: 'request', retry: 'stalled' },
  Unknown: { fault: 'service', retry: 'retry' },
} as const satisfies Record<string, ErrorKind>;

export type ErrorCode = keyof typeof errorKinds;

/**
 * The one error that crosses package borders. The message says what failed, on what, and what to do next,
 * and never holds a secret nor the query of a URL.
 */
export class TapedeckError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'TapedeckError';
    this.code = code;
  }

  get fault(): Fault {
    return errorKinds[this.code].fault;
  }

  get retry(): Retry {
    return errorKinds[this.code].retry;
  }

  /** Any thrown value as one of ours; what is not recognised keeps its words and becomes `Unknown`. */
  static from(error: unknown): TapedeckError {
    if (error instanceof TapedeckError) return error;
    const message = error instanceof Error ? error.message : String(error);
    return new TapedeckError('Unknown', message, { cause: error });
  }
}
