import { setTimeout as delay } from 'node:timers/promises';
import type { Capture, CapturePlan, Fragment, InitSegment, SourceMark } from '@tapedeck/encoder';

/** The first mark is written long before the first fragment, but comes over a pipe of its own. */
const waitMs = 1_000;
const lookEveryMs = 20;

/** The marks of a capture, now and later, in the time of its fragments; resolves once there is one, if there are any. */
export async function marksOf(
  capture: Capture,
  plan: CapturePlan,
  { init, first }: { readonly init: InitSegment; readonly first: Fragment },
): Promise<() => SourceMark[]> {
  const startSeconds = firstMarkSeconds(init, first);
  if (plan.watch !== 'Marks' || startSeconds === undefined) return () => [];
  for (let waited = 0; capture.marks.length === 0 && waited < waitMs; waited += lookEveryMs)
    await delay(lookEveryMs);
  return () => capture.marks.map(({ mark, seconds }) => ({ mark, seconds: startSeconds + seconds }));
}

/** The first mark is of the first frame of the picture (of the sound, where there is no picture). */
function firstMarkSeconds({ tracks }: InitSegment, first: Fragment): number | undefined {
  const track = tracks.find(({ type }) => type === 'video') ?? tracks[0];
  const samples = first.tracks.find(({ trackId }) => trackId === track?.id);
  return track && samples && samples.baseDecodeTime / track.timescale;
}
