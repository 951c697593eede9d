import { durationOr, parseDuration } from './duration.ts';
import { TapedeckError } from './error.ts';
import { fillSourceUrl, mergeProfile, needsRoom } from './merge.ts';
import type { RecordingSpec, StorageSelection } from './recording.ts';
import type { AudioSpec, VideoSpec } from './recording-media.ts';
import { type PageSecretField, pageSecretFields } from './recording-page.ts';
import type { RecordingProfileSpec } from './recording-profile.ts';
import type { RecordingSource } from './recording-source.ts';

/** What a field means that nobody set: seconds and counts. */
export const recordingDefaults = {
  maxDurationSeconds: 24 * 3600,
  splitEverySeconds: 2 * 3600,
  durabilitySeconds: 5,
  fallbackAfterSeconds: 120,
  retries: 5,
  lostTimeoutSeconds: 30,
  startTimeoutSeconds: 30,
  readyTimeoutSeconds: 30,
} as const;

/** A source with its URL's placeholders filled in and its waiting times in seconds; secrets are still references. */
export type SourceConfig =
  | { readonly type: 'TestCard' }
  | {
      readonly type: 'Stream';
      /** Either of the two. */
      readonly url?: string;
      readonly urlSecretRef?: { readonly name: string; readonly key: string };
      readonly lostTimeoutSeconds: number;
      readonly startTimeoutSeconds: number;
    }
  | {
      readonly type: 'Page';
      readonly url: string;
      readonly readyTimeoutSeconds: number;
      readonly startWhen: 'Loaded' | 'Ready';
      readonly language?: string;
      readonly timeZone?: string;
      /** Names of the Secrets that they come from. */
      readonly secrets: { readonly [field in PageSecretField]?: string };
    };

/** A recording's spec, its profile under it and every default filled in: all that is decided before work starts. */
export interface RecordingConfig {
  readonly source: SourceConfig;
  readonly storage?: StorageSelection;
  readonly video: VideoSpec;
  readonly audio: AudioSpec;
  readonly state: NonNullable<RecordingSpec['state']>;
  readonly maxDurationSeconds: number;
  /** Media after which it counts as stopped on request. */
  readonly stopAfterSeconds?: number;
  readonly splitEverySeconds: number;
  readonly durabilitySeconds: number;
  readonly fallbackAfterSeconds: number;
  readonly retries: number;
  readonly deletionPolicy: 'Retain' | 'Delete';
  readonly retentionSeconds?: number;
  readonly ttlAfterFinishedSeconds?: number;
  readonly room?: string;
  readonly path?: string;
  readonly fileNamePrefix?: string;
  /** Spec and profile merged, for the fields that have no default. */
  readonly merged: RecordingSpec;
}

/** Rejects with `InvalidManifest` when no source is named or its URL asks for a room that is not set. */
export function resolveRecording(spec: RecordingSpec, profile?: RecordingProfileSpec): RecordingConfig {
  const merged = mergeProfile(spec, profile);
  return {
    source: resolveSource(merged),
    ...(merged.storage === undefined ? {} : { storage: merged.storage }),
    // No interval between key frames here: asking for one asks for encoding, and the encoder has its own.
    video: { codec: 'H264', encode: 'Auto', ...merged.video },
    audio: { codec: 'AAC', ...merged.audio },
    state: merged.state ?? 'Recording',
    maxDurationSeconds: durationOr(merged.maxDuration, recordingDefaults.maxDurationSeconds),
    ...(merged.stopWhen?.elapsed === undefined
      ? {}
      : { stopAfterSeconds: parseDuration(merged.stopWhen.elapsed) }),
    splitEverySeconds: durationOr(merged.splitEvery, recordingDefaults.splitEverySeconds),
    durabilitySeconds: durationOr(merged.durability, recordingDefaults.durabilitySeconds),
    fallbackAfterSeconds: durationOr(merged.storage?.fallbackAfter, recordingDefaults.fallbackAfterSeconds),
    retries: merged.retries ?? recordingDefaults.retries,
    deletionPolicy: merged.deletionPolicy ?? 'Retain',
    ...(merged.retention === undefined ? {} : { retentionSeconds: parseDuration(merged.retention) }),
    ...(merged.ttlAfterFinished === undefined
      ? {}
      : { ttlAfterFinishedSeconds: parseDuration(merged.ttlAfterFinished) }),
    ...(merged.room === undefined ? {} : { room: merged.room }),
    ...(merged.path === undefined ? {} : { path: merged.path }),
    ...(merged.fileNamePrefix === undefined ? {} : { fileNamePrefix: merged.fileNamePrefix }),
    merged,
  };
}

function resolveSource(spec: RecordingSpec): SourceConfig {
  const { source } = spec;
  if (source === undefined) {
    throw new TapedeckError(
      'InvalidManifest',
      'spec.source is absent, and the profile brings none; add one to either',
    );
  }
  if (source.type === 'TestCard') return { type: 'TestCard' };
  const url = source.type === 'Page' ? source.page?.url : source.stream?.url;
  const filled = url === undefined ? undefined : fill(url, spec.room);
  if (source.type === 'Page') {
    if (filled === undefined) throw new TapedeckError('InvalidManifest', 'spec.source.page.url is absent');
    return resolvePage(filled, source.page ?? {});
  }
  const reference = source.stream?.urlSecretRef;
  if (filled === undefined && reference === undefined) {
    throw new TapedeckError('InvalidManifest', 'spec.source.stream needs url or urlSecretRef');
  }
  return {
    type: 'Stream',
    ...(filled === undefined ? {} : { url: filled }),
    ...(reference === undefined ? {} : { urlSecretRef: reference }),
    lostTimeoutSeconds: durationOr(source.stream?.lostTimeout, recordingDefaults.lostTimeoutSeconds),
    startTimeoutSeconds: durationOr(source.stream?.startTimeout, recordingDefaults.startTimeoutSeconds),
  };
}

function resolvePage(
  url: string,
  page: Omit<NonNullable<RecordingSource['page']>, 'url'>,
): Extract<SourceConfig, { type: 'Page' }> {
  const secrets = pageSecretFields.flatMap((field) => {
    const name = page[field]?.secretRef.name;
    return name === undefined ? [] : [[field, name] as const];
  });
  return {
    type: 'Page',
    url,
    readyTimeoutSeconds: durationOr(page.readyTimeout, recordingDefaults.readyTimeoutSeconds),
    startWhen: page.startWhen ?? 'Loaded',
    ...(page.language === undefined ? {} : { language: page.language }),
    ...(page.timeZone === undefined ? {} : { timeZone: page.timeZone }),
    secrets: Object.fromEntries(secrets),
  };
}

function fill(url: string, room: string | undefined): string {
  if (!needsRoom(url)) return url;
  if (room === undefined) {
    throw new TapedeckError(
      'InvalidManifest',
      'the source’s URL asks for {room}, and spec.room is not set; set it',
    );
  }
  return fillSourceUrl(url, room);
}
