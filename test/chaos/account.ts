import type { RecordingStatus } from '@tapedeck/core';

/** Where the time between the first picture and the end of a recording went, in seconds. */
export interface Account {
  /** From the first picture to the end. */
  readonly wall: number;
  /** What the status says is missing. */
  readonly gaps: number;
  readonly pauses: number;
  /** Neither in the files nor in any gap or pause: what nobody told. Negative: told twice. */
  readonly untold: number;
}

/**
 * As much of the clock may be in no account where nothing was lost: the last fragment is on its way when a recording is
 * stopped, and two cores that do much else let it wait. A gap that nobody tells is of several seconds.
 */
export const mostUntoldSeconds = 1.5;

export const seconds = (duration: string | undefined): number => Number.parseFloat(duration ?? '0');

/** Holds the lengths of the files, as a reader of media found them, against the clock. */
export function account(status: RecordingStatus, fileSeconds: number): Account {
  const wall = (Date.parse(status.stopTime ?? '') - Date.parse(status.startTime ?? '')) / 1000;
  const gaps = (status.gaps ?? []).reduce((sum, gap) => sum + seconds(gap.duration), 0);
  const pauses = (status.pauses ?? []).reduce((sum, pause) => sum + seconds(pause.duration), 0);
  return { wall, gaps, pauses, untold: wall - gaps - pauses - fileSeconds };
}

/** The time of the clock at which the recording's media had come to `mediaSeconds`, if only gaps at that place came between. */
export function clockAt(status: RecordingStatus, mediaSeconds: number): number {
  return Date.parse(status.startTime ?? '') + mediaSeconds * 1000;
}
