import type { ErrorCode } from '@tapedeck/core';

/** What is recorded. A stream's URL is complete, secrets included; it never leaves the process in clear. */
export type CaptureSource =
  | { readonly type: 'Stream'; readonly url: string }
  | { readonly type: 'TestCard' }
  | ScreenSource;

/** An X display and the PulseAudio server that plays its sound. */
export interface ScreenSource {
  readonly type: 'Screen';
  /** As people may see it. */
  readonly name: string;
  /** `:99`; all of it is captured. */
  readonly display: string;
  readonly width: number;
  readonly height: number;
  /** `unix:/path`, and the source there: a sink's `.monitor`. */
  readonly soundServer: string;
  readonly soundSource: string;
  /** File with the display's cookie. */
  readonly authority: string;
}

/** What is done to one kind of track on its way into the recording. `None`: the recording has no such track. */
export type TrackAction = 'Copy' | 'Encode' | 'None';

/** Something a person should know that does not stop the recording. */
export interface CaptureNotice {
  /** CamelCase: NoVideo, NoAudio, SizeRounded, … */
  readonly reason: string;
  readonly message: string;
}

/** One ffmpeg run, decided: fragments of MP4 come out of its standard output. */
export interface CapturePlan {
  /** Holds the source's secrets, as `inputList` does: a plan is not to be logged. */
  readonly source: CaptureSource;
  readonly args: readonly string[];
  /** On top of our own environment; no secrets. */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * What ffmpeg reads from its descriptor 4: the list that names the input. The URL stands there and not among
   * the arguments, which every user of the machine can read. Absent where the input is no secret.
   */
  readonly inputList?: string;
  /** The source as people may see it: without userinfo, query and stream key. */
  readonly sourceName: string;
  /** The source has no end of its own: when it ends it was lost, or its broadcast is over. */
  readonly live: boolean;
  /** What is read from descriptor 5: changes of a copied picture, or marks by which the source is known again. */
  readonly watch?: 'Format' | 'Marks';
  readonly videoAction: TrackAction;
  readonly audioAction: TrackAction;
  readonly notices: readonly CaptureNotice[];
}

export interface ProbedVideo {
  /**
   * Place among the source's pictures, from 0: the second one is ffmpeg's `v:1`. Numbers over all tracks are of
   * no use: in RTMP they follow the order in which the first packets came, another one at each connection.
   */
  readonly index: number;
  /** ffmpeg's name: `h264`, `hevc`, `vp8`. */
  readonly codec: string;
  readonly profile?: string;
  /** Ten times the level for H264: 31 is 3.1. */
  readonly level?: number;
  readonly pixelFormat?: string;
  /** As displayed: turned where the container says so, pixels made square. Even. */
  readonly width: number;
  readonly height: number;
  /** Stored size equals the displayed one: neither turned nor with oblong pixels. */
  readonly plain: boolean;
  /** Frames per second; absent where the source does not say. */
  readonly frameRate?: number;
  readonly bitrate?: number;
  readonly hasBFrames: boolean;
  readonly interlaced: boolean;
}

export interface ProbedAudio {
  /** Place among the source's sounds, from 0. */
  readonly index: number;
  readonly codec: string;
  readonly profile?: string;
  readonly sampleRate: number;
  readonly channels: number;
  readonly bitrate?: number;
}

/** What a source says of itself. */
export interface SourceProbe {
  /** ffmpeg's name of the demuxer: `flv`, `hls`, `mov,mp4,m4a,3gp,3g2,mj2`. */
  readonly container: string;
  readonly live: boolean;
  /** Of a live playlist, in order. */
  readonly segmentSeconds?: readonly number[];
  /** Present for finite sources that say it. */
  readonly durationSeconds?: number;
  /** The largest picture, cover art left out. */
  readonly video?: ProbedVideo;
  /** The sound that goes with it. */
  readonly audio?: ProbedAudio;
}

/** Codes that a probe rejects with; see errorKinds for what each asks of the caller. */
export type ProbeErrorCode = Extract<
  ErrorCode,
  | 'InvalidSource'
  | 'SourceUnreachable'
  | 'SourceDenied'
  | 'SourceNotFound'
  | 'SourceNotMedia'
  | 'SourceEmpty'
  | 'SourceStalled'
  | 'EncoderMissing'
  | 'EncoderFailed'
  | 'Aborted'
>;
