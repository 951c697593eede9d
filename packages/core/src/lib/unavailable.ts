import type { RecordingSpec } from './recording.ts';

/** One thing that the model knows and this build does not do. */
interface Unavailable {
  readonly field: string;
  readonly used: (spec: RecordingSpec) => boolean;
  readonly advice: string;
}

/**
 * What this build cannot do yet, in one place: a Recording that asks for it is refused at once with `NotSupported`,
 * rather than recorded as something else. Deleting a row is what makes a feature available.
 */
const unavailable: readonly Unavailable[] = [
  {
    field: 'video.codec: VP8',
    used: ({ video }) => video?.codec === 'VP8',
    advice: 'use H264',
  },
  {
    field: 'audio.codec: MP3',
    used: ({ audio }) => audio?.codec === 'MP3',
    advice: 'use AAC',
  },
  {
    field: 'audio.codec: Vorbis',
    used: ({ audio }) => audio?.codec === 'Vorbis',
    advice: 'use AAC',
  },
  {
    field: 'video.watermark',
    used: ({ video }) => video?.watermark !== undefined,
    advice: 'take it out',
  },
  {
    field: 'video.exportFile',
    used: ({ video }) => video?.exportFile === true,
    advice: 'take it out',
  },
  {
    field: 'audio.exportFile',
    used: ({ audio }) => audio?.exportFile === true,
    advice: 'take it out',
  },
  {
    field: 'restream',
    used: ({ restream }) => (restream?.length ?? 0) > 0,
    advice: 'take it out',
  },
  { field: 'hls', used: ({ hls }) => hls?.enabled === true, advice: 'take it out' },
  {
    field: 'stills',
    used: ({ stills }) =>
      stills?.poster === true || stills?.storyboard === true || stills?.every !== undefined,
    advice: 'take it out',
  },
  {
    field: 'stopWhen: empty, silent, still',
    used: ({ stopWhen }) =>
      stopWhen?.empty !== undefined || stopWhen?.silent !== undefined || stopWhen?.still !== undefined,
    advice: 'take it out; elapsed, maxDuration and the end of the source still end the recording',
  },
  {
    field: 'state: Masked',
    used: ({ state }) => state === 'Masked',
    advice: 'use Paused',
  },
  {
    field: 'retention',
    used: ({ retention }) => retention !== undefined,
    advice: 'take it out and give the bucket a lifecycle rule',
  },
];

/** A sentence for each thing that a spec (its profile merged under it) asks for and this build does not do. */
export function unavailableFeatures(spec: RecordingSpec): readonly string[] {
  return unavailable
    .filter(({ used }) => used(spec))
    .map(({ field, advice }) => `spec.${field} is not supported by this version; ${advice}`);
}
