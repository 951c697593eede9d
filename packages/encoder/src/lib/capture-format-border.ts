import type { Fragment, InitSegment } from './media.ts';

/** On which side of a change of format a fragment lies, by its picture. */
export interface FormatBorder {
  /** `changedAt` as `Capture.formatChangedAt` says it; undefined: nothing has changed, all lies before. */
  isBehind(fragment: Fragment, changedAt: number | undefined): boolean;
}

/** Times of FLV are in milliseconds, and those of two frames are further apart than this. */
const toleranceSeconds = 0.004;

/** Needs to see every fragment of the init, for times count from the first frame. */
export function createFormatBorder(init: InitSegment): FormatBorder {
  const picture = init.tracks.find((track) => track.type === 'video');
  let firstSeconds: number | undefined;
  return {
    isBehind(fragment, changedAt) {
      const samples = fragment.tracks.find(({ trackId }) => trackId === picture?.id);
      if (picture === undefined || samples === undefined) return false;
      const seconds = samples.baseDecodeTime / picture.timescale;
      firstSeconds ??= seconds;
      return changedAt !== undefined && seconds - firstSeconds > changedAt - toleranceSeconds;
    },
  };
}
