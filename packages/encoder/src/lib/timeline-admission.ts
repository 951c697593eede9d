import { dropLeadingFrames, dropPicture } from './fragment-cut.ts';
import type { Fragment, Track } from './media.ts';

/** A track that was announced and shows no frame for this long (a camera that is off) is not waited for. */
const pictureWaitSeconds = 5;

/** After each start and cut: lets nothing pass that could not be decoded without what is missing. */
export interface Admission {
  /** What of a fragment may follow; undefined: nothing yet. */
  admit(fragment: Fragment): Fragment | undefined;
  /** What comes next follows sample by sample on what came last, so it needs no key frame. */
  pass(): void;
  /** What comes next does not follow from what came before. */
  restart(): void;
}

export function createAdmission(tracks: readonly Track[]): Admission {
  const hasPicture = tracks.some((track) => track.type === 'video');
  const isPicture = (id: number) => tracks.some((track) => track.id === id && track.type === 'video');
  let waiting = true;
  let soundAlone = false;
  let silentSince: number | undefined;

  return {
    admit(fragment) {
      if (!waiting) return fragment;
      const picture = fragment.tracks.some((samples) => isPicture(samples.trackId));
      if (fragment.startsWithKeyFrame) {
        waiting = false;
        return hasPicture ? dropLeadingFrames(fragment, tracks) : fragment;
      }
      if (picture) {
        silentSince = undefined;
        return soundAlone ? dropPicture(fragment, tracks) : undefined;
      }
      silentSince ??= fragment.startSeconds;
      soundAlone ||= fragment.endSeconds - silentSince >= pictureWaitSeconds;
      return soundAlone ? fragment : undefined;
    },
    pass() {
      waiting = false;
    },
    restart() {
      waiting = true;
      soundAlone = false;
      silentSince = undefined;
    },
  };
}
