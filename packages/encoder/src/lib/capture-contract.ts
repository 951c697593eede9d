import type { Readable } from 'node:stream';
import type { TapedeckError } from '@tapedeck/core';
import type { SourceMark } from './capture-marks.ts';

/** ffmpeg's own account, some times a second; zeros until it has said something. */
export interface CaptureStats {
  /** Written to the output, of video. */
  readonly frames: number;
  readonly framesPerSecond: number;
  /** Media seconds per second of real time; below 1 a live source is lost bit by bit. */
  readonly speed: number;
  /** Bits per second, since the start. */
  readonly bitrate: number;
  /** Of the output, in seconds. */
  readonly mediaSeconds: number;
  readonly droppedFrames: number;
  readonly duplicatedFrames: number;
  /** Out of ffmpeg's standard output so far. */
  readonly bytes: number;
}

/** How a capture ended. All of its bytes have been read, or it was killed, when this is given. */
export interface CaptureEnd {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
  /** We asked it to end (`stop`, `kill` or the signal); an end by itself means that the source ended or failed. */
  readonly asked: boolean;
  /** It had to be killed: what it had not yet written is lost, what was read is whole up to its last fragment. */
  readonly killed: boolean;
  /**
   * A copied picture has become another one midway (see `Capture.formatChangedAt`), so the capture was killed:
   * what follows has to be captured anew. Then there is no error, and it counts as not asked for.
   */
  readonly formatChanged: boolean;
  /**
   * Why it failed: `SourceLost` once media had flowed, otherwise what kept it from starting. Absent for an end
   * that was asked for, and for a source that simply ended.
   */
  readonly error?: TapedeckError;
  /** ffmpeg's last words, without secrets. */
  readonly stderrTail: readonly string[];
  readonly stats: CaptureStats;
}

/** One running ffmpeg. */
export interface Capture {
  readonly pid: number | undefined;
  /** Whole MP4 boxes in order, in chunks of any size. Must be read: an unread pipe stops ffmpeg. */
  readonly stdout: Readable;
  readonly stats: CaptureStats;
  /**
   * Set once a copied source has changed its parameter sets without that being seen in the fragments: the time of
   * the first frame that cannot be decoded any more, in seconds after the first frame. The capture ends soon after
   * by itself; whoever reads fragments of it leaves out what begins there (`createFormatBorder`).
   */
  readonly formatChangedAt: number | undefined;
  /** By which an HLS source is known again when it is opened anew, oldest first; of the first fragment they are there before it is. */
  readonly marks: readonly SourceMark[];
  /** Resolves once the process is gone and `stdout` has ended; never rejects. */
  readonly ended: Promise<CaptureEnd>;
  /** Asks ffmpeg to write what it has and end, waits `stopTimeoutSeconds`, then kills. Repeating it waits for the same end. */
  stop(): Promise<CaptureEnd>;
  /** At once. */
  kill(): Promise<CaptureEnd>;
}

export interface CaptureOptions {
  /** Aborting it is `stop()`. */
  readonly signal?: AbortSignal;
  /** Without a byte from ffmpeg for this long, though somebody reads, the capture is ended with `SourceStalled`. Default 15. */
  readonly stallTimeoutSeconds?: number;
  /** The same until the first byte. Default 30. */
  readonly startTimeoutSeconds?: number;
  /** How long `stop` waits before it kills. Default 5. */
  readonly stopTimeoutSeconds?: number;
  /** Path of ffmpeg; default `findFfmpeg()`. */
  readonly ffmpeg?: string;
}
