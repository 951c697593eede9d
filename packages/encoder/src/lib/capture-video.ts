import { durationOr, type VideoSpec } from '@tapedeck/core';
import type { CaptureNotice, ProbedVideo, TrackAction } from './capture-source.ts';

/**
 * Seconds between key frames unless asked otherwise. It is the grain of everything that cuts: a pause and a
 * split begin at one, and a fragment, the least that a kill can cost, ends before one. A second costs some
 * percent of bitrate against the usual two, and keeps "5 s of durability plus one key frame" below 8 s.
 */
export const defaultKeyFrameSeconds = 1;

const defaultFrameRate = 30;

export interface VideoPlan {
  readonly action: TrackAction;
  /** Options of the output. */
  readonly options: readonly string[];
  readonly notices: readonly CaptureNotice[];
}

/** A copy is right when the source is H264 that every player shows and nothing that was asked differs from it. */
export function canCopyVideo(spec: VideoSpec, probed: ProbedVideo): boolean {
  return (
    spec.encode !== 'Always' &&
    probed.codec === 'h264' &&
    (probed.pixelFormat === 'yuv420p' || probed.pixelFormat === 'yuvj420p') &&
    !probed.interlaced &&
    probed.plain &&
    spec.watermark === undefined &&
    // Where the source's key frames lie cannot be known before they come.
    spec.keyFrameInterval === undefined &&
    same(spec.width, probed.width, 0) &&
    same(spec.height, probed.height, 0) &&
    same(spec.frameRate, probed.frameRate, 0.005) &&
    same(spec.bitrate, probed.bitrate, 0.1)
  );
}

function same(asked: number | undefined, found: number | undefined, tolerance: number): boolean {
  if (asked === undefined) return true;
  return found !== undefined && Math.abs(asked - found) <= asked * tolerance;
}

/** `probed` absent: nothing is known of the source, so whatever comes is encoded. */
export function planVideo(spec: VideoSpec, probed: ProbedVideo | undefined): VideoPlan {
  if (probed !== undefined && canCopyVideo(spec, probed)) {
    // The annex B form carries parameter sets among the samples: when a source changes its format midway, the
    // change is there to be seen by whoever reads the fragments.
    return { action: 'Copy', options: ['-c:v', 'copy', '-bsf:v', 'h264_mp4toannexb'], notices: [] };
  }
  const size = outputSize(spec, probed);
  const frameRate = spec.frameRate ?? probed?.frameRate ?? defaultFrameRate;
  const bitrate = spec.bitrate ?? usualBitrate(size ?? { width: 1280, height: 720 }, frameRate);
  const keyFrameFrames = Math.max(
    1,
    Math.round(durationOr(spec.keyFrameInterval, defaultKeyFrameSeconds) * frameRate),
  );
  return {
    action: 'Encode',
    options: [
      ['-c:v', 'libx264', '-preset', 'veryfast', '-tune', 'zerolatency'],
      // B-frames would shift the picture against the sound by an edit that fragments do not carry.
      ['-bf', '0', '-pix_fmt', 'yuv420p'],
      // Key frames at their places only: one more at a change of scene would be one more fragment.
      ['-g', `${keyFrameFrames}`, '-keyint_min', `${keyFrameFrames}`, '-sc_threshold', '0'],
      ['-b:v', `${bitrate}`, '-maxrate', `${bitrate}`, '-bufsize', `${2 * bitrate}`],
      ['-filter:v', sizeFilters(spec, size).join(',')],
      ['-fps_mode', 'cfr', '-r', rationalRate(frameRate)],
    ].flat(),
    notices: sizeNotices(spec, size),
  };
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Size of the picture in the file, even as 4:2:0 wants it; undefined where it is left to what comes. */
export function outputSize(spec: VideoSpec, probed: Size | undefined): Size | undefined {
  const { width, height } = spec;
  if (width !== undefined && height !== undefined) return { width: even(width), height: even(height) };
  if (probed === undefined) return undefined;
  if (width !== undefined)
    return { width: even(width), height: even((width * probed.height) / probed.width) };
  if (height !== undefined)
    return { width: even((height * probed.width) / probed.height), height: even(height) };
  return { width: even(probed.width), height: even(probed.height) };
}

function even(pixels: number): number {
  return Math.max(16, Math.floor(pixels / 2) * 2);
}

/**
 * Pixels are made square, then the picture is fitted into the size with bars around it. With the size written
 * out, a source that changes its own midway still gives the same. A scaling to what is there already costs nothing.
 */
function sizeFilters(spec: VideoSpec, size: Size | undefined): string[] {
  const square = "scale='trunc(iw*sar/2)*2':'trunc(ih/2)*2'";
  if (size === undefined) {
    const one = spec.width ?? spec.height;
    if (one === undefined) return [square, 'setsar=1'];
    const fitted = spec.width === undefined ? `-2:${even(one)}` : `${even(one)}:-2`;
    return [square, `scale=${fitted}`, 'setsar=1'];
  }
  const { width, height } = size;
  return [
    square,
    `scale=${width}:${height}:force_original_aspect_ratio=decrease:force_divisible_by=2`,
    `pad=${width}:${height}:(ow-iw)/2:(oh-ih)/2`,
    'setsar=1',
  ];
}

/** What is to be told where the size is another than the one that is wished. */
export function sizeNotices(spec: VideoSpec, size: Size | undefined): CaptureNotice[] {
  if (size === undefined) return [];
  const width = spec.width ?? size.width;
  const height = spec.height ?? size.height;
  if (width === size.width && height === size.height) return [];
  return [
    {
      reason: 'SizeRounded',
      message: `H264 needs an even width and height: ${width}x${height} is recorded as ${size.width}x${size.height}.`,
    },
  ];
}

/**
 * Bits per second for moving pictures with sharp text: 3 Mbit/s at 720p30, growing slower than the pixels do
 * (1080p30: 5.5 Mbit/s, 180p30: 0.4 Mbit/s).
 */
export function usualBitrate(size: Size, frameRate: number): number {
  const pixels = (size.width * size.height) / (1280 * 720);
  const bitrate = 3_000_000 * pixels ** 0.75 * (frameRate / 30) ** 0.5;
  return Math.max(100_000, Math.round(bitrate / 50_000) * 50_000);
}

/** 29.97 and its like are fractions: 30000/1001. */
export function rationalRate(frameRate: number): string {
  const whole = Math.round(frameRate * 1.001);
  const isFraction = Math.abs(frameRate - Math.round(frameRate)) > 0.001;
  return isFraction && Math.abs(frameRate - (whole * 1000) / 1001) < 0.005
    ? `${whole * 1000}/1001`
    : `${frameRate}`;
}
