import type { AudioSpec } from '@tapedeck/core';
import type { ProbedAudio, TrackAction } from './capture-source.ts';

const defaultBitrate = { Mono: 96_000, Stereo: 160_000 } as const;

export interface AudioPlan {
  readonly action: TrackAction;
  readonly options: readonly string[];
}

/** ADTS, LATM and the plain form are all AAC; what players know of it is LC and its two extensions. */
export function canCopyAudio(spec: AudioSpec, encodeAlways: boolean, probed: ProbedAudio): boolean {
  return (
    !encodeAlways &&
    probed.codec === 'aac' &&
    (probed.profile === undefined || ['LC', 'HE-AAC', 'HE-AACv2'].includes(probed.profile)) &&
    (spec.channels === undefined || (spec.channels === 'Mono' ? 1 : 2) === probed.channels) &&
    (spec.bitrate === undefined ||
      (probed.bitrate !== undefined && Math.abs(probed.bitrate - spec.bitrate) <= spec.bitrate * 0.1))
  );
}

export interface AudioPlanOptions {
  /** Sound has no `encode` of its own: `Always` of the video speaks for the whole recording. */
  readonly encodeAlways: boolean;
  /** Absent: nothing is known of the source. */
  readonly probed?: ProbedAudio;
  /** The sound is of an input of its own, which never jumps: it is begun with silence where the picture was first. */
  readonly ownInput?: boolean;
}

export function planAudio(
  spec: AudioSpec,
  { encodeAlways, probed, ownInput = false }: AudioPlanOptions,
): AudioPlan {
  if (probed !== undefined && canCopyAudio(spec, encodeAlways, probed)) {
    return { action: 'Copy', options: ['-c:a', 'copy', '-bsf:a', 'aac_adtstoasc'] };
  }
  const channels = spec.channels ?? (probed?.channels === 1 ? 'Mono' : 'Stereo');
  return {
    action: 'Encode',
    options: [
      ['-c:a', 'aac', '-b:a', `${spec.bitrate ?? defaultBitrate[channels]}`],
      ['-ar', '48000', '-ac', channels === 'Mono' ? '1' : '2'],
      // Holes in the source's sound become silence, so that sync does not drift. Not usually with first_pts=0: where
      // the source jumps (a change of format, an inserted piece) it would begin at zero again and shift what follows.
      ['-filter:a', `aresample=async=1000${ownInput ? ':first_pts=0' : ''}`],
      // The encoder's first packet is 21 ms of its own silence before time zero. Kept, it would move everything
      // by as much, and the muxer, which lets each track begin at zero, would hold the first picture that long.
      ['-bsf:a', "noise=drop='eq(n,0)'"],
    ].flat(),
  };
}
