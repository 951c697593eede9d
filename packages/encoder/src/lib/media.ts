/**
 * Media as it passes through Tapedeck: an initialization segment says what the tracks are, fragments carry
 * the samples. Both are whole runs of MP4 boxes (ISO/IEC 14496-12).
 */
export interface Track {
  readonly id: number;
  readonly type: 'video' | 'audio';
  /** Units per second of all times of this track. */
  readonly timescale: number;
  /** RFC 6381, e.g. `avc1.64001f`, `mp4a.40.2`. */
  readonly codec: string;
  readonly width?: number;
  readonly height?: number;
  readonly sampleRate?: number;
  readonly channels?: number;
  /** The sample description, the whole `stsd` box. Whether two inits can share a file: `sameFormat`. */
  readonly sampleDescription: Uint8Array;
}

export interface InitSegment {
  readonly kind: 'init';
  /** `ftyp` and `moov`. */
  readonly bytes: Uint8Array;
  readonly tracks: readonly Track[];
}

/** Samples of one track in one fragment, one entry a sample; times in the track's timescale. */
export interface FragmentTrack {
  readonly trackId: number;
  baseDecodeTime: number;
  readonly durations: Uint32Array;
  readonly sizes: Uint32Array;
  /** Composition minus decode time; may be negative. */
  readonly compositionOffsets: Int32Array;
  /** ISO sample flags; bit 16 set: not a sync sample. */
  readonly flags: Uint32Array;
  /** Of each sample's first byte within the fragment's bytes. */
  readonly offsets: Uint32Array;
}

/** One `moof` with its `mdat`: playable by itself after the init. */
export interface Fragment {
  readonly kind: 'fragment';
  /** Owned by whoever holds the fragment: the timeline rewrites times in place. */
  readonly bytes: Uint8Array;
  readonly tracks: readonly FragmentTrack[];
  /** The first video sample (or, without video, the first audio sample) can be decoded by itself. */
  readonly startsWithKeyFrame: boolean;
  /** Earliest decode time and latest end over all tracks, in seconds. */
  readonly startSeconds: number;
  readonly endSeconds: number;
}
