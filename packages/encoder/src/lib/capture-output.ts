/**
 * The longest a fragment may get, in microseconds, where key frames are further apart: what a kill loses stays
 * small with any source. Somewhat over the usual key-frame second, or sound that runs ahead of the picture by a
 * few frames would cut each fragment once more just before its end.
 */
const longestFragment = 1_250_000;

/**
 * How far one track may be ahead of another that has gone silent before it is written anyway, in microseconds
 * (ffmpeg's own is 10 s): a source that loses its sound must not hold the picture back.
 */
const longestWaitForTrack = 2_000_000;

/**
 * Fragments of MP4 on standard output: nothing in them refers to a place in the file, nothing is patched later,
 * and each is written as soon as it is whole. Times begin near zero and tracks keep their distance: make_zero moves
 * all of them by what B-frames need, so neither an edit list nor negative composition offsets are wanted (the
 * latter ffmpeg itself reads a frame late from fragments).
 */
export const fragmentedMp4Options: readonly string[] = [
  ['-sn', '-dn', '-map_metadata', '-1', '-map_chapters', '-1'],
  ['-avoid_negative_ts', 'make_zero', '-max_muxing_queue_size', '1024'],
  ['-max_interleave_delta', `${longestWaitForTrack}`],
  ['-f', 'mp4', '-movflags', '+frag_keyframe+empty_moov+default_base_moof'],
  ['-frag_duration', `${longestFragment}`, '-flush_packets', '1'],
].flat();
