import type { RecordingSpec } from './recording.ts';
import type { RecordingProfileSpec } from './recording-profile.ts';

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Field by field, the upper one winning; lists are taken whole, and absent fields never win. */
function mergeFields(lower: Fields, upper: Fields): Fields {
  const merged: Record<string, unknown> = { ...lower };
  for (const [key, value] of Object.entries(upper)) {
    if (value === undefined) continue;
    const below = lower[key];
    merged[key] = isFields(below) && isFields(value) ? mergeFields(below, value) : value;
  }
  return merged;
}

/**
 * A recording's spec with its profile's fields under it. A source is taken whole: half an address of one and half of
 * another is neither; so is the choice of storage. `video`, `audio` and the rest are merged field by field.
 */
export function mergeProfile(spec: RecordingSpec, profile: RecordingProfileSpec | undefined): RecordingSpec {
  if (profile === undefined) return spec;
  const merged = mergeFields(profile, spec) as RecordingSpec;
  const source = spec.source ?? profile.source;
  const storage = spec.storage ?? profile.storage;
  return {
    ...merged,
    ...(source === undefined ? {} : { source }),
    ...(storage === undefined ? {} : { storage }),
  };
}

/**
 * The URL with `{room}` and `{meetingId}` (two names for one thing) filled in, escaped as one component, so that a
 * room's name cannot change where the URL leads.
 */
export function fillSourceUrl(url: string, room: string): string {
  return url.replaceAll(/\{(room|meetingId)\}/g, () => encodeURIComponent(room));
}

/** Does the URL need a room? */
export function needsRoom(url: string): boolean {
  return /\{(room|meetingId)\}/.test(url);
}
