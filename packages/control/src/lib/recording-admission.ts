import {
  chooseStorage,
  type ExternalStorage,
  fileKeyBase,
  findCondition,
  providerBlocks,
  type RecordingConfig,
  type RecordingProfileSpec,
  type RecordingStatus,
  resolveRecording,
  type StorageSelection,
  TapedeckError,
  unavailableFeatures,
} from '@tapedeck/core';
import type { RecordingPolicy, RecordingSnapshot } from './recording-snapshot.ts';
import { isReady } from './storage-readiness.ts';

/** What an admitted recording has: everything that is fixed once, before the first run. */
export interface Admission {
  readonly config: RecordingConfig;
  /** In order of preference, the ready ones first. */
  readonly storages: readonly ExternalStorage[];
  /** What is remembered in the status. */
  readonly fixed: Pick<RecordingStatus, 'keyBase' | 'profile' | 'storage'>;
}

/** Not yet, or never. */
export interface Refusal {
  readonly refused: 'Wait' | 'Fail';
  readonly reason: string;
  readonly message: string;
  /** It is worth looking again by then, whatever changes. */
  readonly requeueAfterSeconds?: number;
}

/** May the recording begin, and with what? Decides nothing that was decided before. */
export function admit(snapshot: RecordingSnapshot, policy: RecordingPolicy): Admission | Refusal {
  const { recording, profile } = snapshot;
  const profileName = recording.spec.profileRef?.name;
  if (profileName !== undefined && profile === undefined) {
    return {
      refused: 'Wait',
      reason: 'ProfileNotFound',
      message: `Waits for RecordingProfile ${profileName}, which is not there; apply it, or take profileRef out of a new Recording.`,
    };
  }
  const config = tryResolve(snapshot);
  if (config instanceof TapedeckError) return fail(config.code, config.message);
  const missing = unavailableFeatures(config.merged);
  if (missing.length > 0) return fail('NotSupported', `${missing.join('. ')}.`);
  const storages = selectStorages(snapshot, policy, profile?.spec);
  if ('refused' in storages) return storages;
  const [first] = storages;
  const preferred =
    config.storage?.mode === 'Mirror'
      ? storages.find(({ metadata }) => metadata.name === config.storage?.refs[0]?.name)
      : undefined;
  if (first === undefined) return fail('NotFound', 'No storage is left to record to.');
  try {
    const keyBase = fileKeyBase({
      namespace: recording.metadata.namespace ?? 'default',
      name: recording.metadata.name,
      uid: recording.metadata.uid ?? '',
      time: new Date(recording.metadata.creationTimestamp ?? snapshot.now),
      room: config.room,
      fileNamePrefix: config.fileNamePrefix,
      path: config.path,
      storagePrefix: longestPrefix(storages),
      distinct: snapshot.sameName,
    });
    return {
      config,
      storages,
      fixed: {
        keyBase,
        storage: storageSummary(preferred ?? first),
        ...(profile === undefined
          ? {}
          : { profile: { name: profile.metadata.name, spec: JSON.stringify(profile.spec) } }),
      },
    };
  } catch (error) {
    const known = TapedeckError.from(error);
    return fail(known.code, known.message);
  }
}

/** The configuration of a recording that has begun: with the profile as it was then. */
export function configOf(recording: RecordingSnapshot['recording']): RecordingConfig {
  const frozen = recording.status?.profile?.spec;
  return resolveRecording(
    recording.spec,
    frozen === undefined ? undefined : (JSON.parse(frozen) as RecordingProfileSpec),
  );
}

export function storageSummary({ metadata, spec }: ExternalStorage): NonNullable<RecordingStatus['storage']> {
  const block: Readonly<Record<string, unknown>> = spec[providerBlocks[spec.provider]] ?? {};
  const bucket = block.bucket ?? block.container ?? block.directory;
  return {
    name: metadata.name,
    ...(typeof bucket === 'string' ? { bucket } : {}),
    provider: spec.provider,
  };
}

function fail(reason: string, message: string): Refusal {
  return { refused: 'Fail', reason, message };
}

function tryResolve({ recording, profile }: RecordingSnapshot): RecordingConfig | TapedeckError {
  try {
    return resolveRecording(recording.spec, profile?.spec);
  } catch (error) {
    return TapedeckError.from(error);
  }
}

function selectStorages(
  { recording, storages, now }: RecordingSnapshot,
  policy: RecordingPolicy,
  profile: RecordingProfileSpec | undefined,
): readonly ExternalStorage[] | Refusal {
  const choice = chooseStorage({
    recording: recording.spec.storage,
    profile: profile?.storage,
    storages,
    clusterDefault: policy.defaultStorage,
  });
  if ('problem' in choice) {
    return { refused: 'Wait', reason: 'NoStorage', message: `Waits: ${choice.problem}.` };
  }
  const chosen = choice.names.flatMap(
    (name) => storages.find(({ metadata }) => metadata.name === name) ?? [],
  );
  const absent = choice.names.filter((name) => !chosen.some(({ metadata }) => metadata.name === name));
  if (selectionMode(recording, profile) === 'Mirror' && absent.length > 0) {
    const reasons = absent.map((name) => `${name} ${whyNotReady(storages, name)}`);
    return {
      refused: 'Wait',
      reason: 'StorageNotFound',
      message: `Waits for all of its storages: ${reasons.join('; ')}.`,
    };
  }
  const usable = chosen.filter(
    ({ spec, metadata }) => spec.suspend !== true && metadata.deletionTimestamp === undefined,
  );
  const ready = usable.filter(isReady);
  const preferred = usable.slice(0, usable.findIndex(isReady));
  const unchecked = preferred.find((storage) => !isChecked(storage));
  const age = (now.getTime() - Date.parse(recording.metadata.creationTimestamp ?? now.toISOString())) / 1000;
  const left = policy.timing.firstCheckGrace - age;
  if (ready.length > 0 && unchecked !== undefined && left > 0) {
    return {
      refused: 'Wait',
      reason: 'StorageNotReady',
      message: `Waits for the first check of ${unchecked.metadata.name}, which comes before ${ready[0]?.metadata.name ?? 'others'}; for ${policy.timing.firstCheckGrace} s at most.`,
      requeueAfterSeconds: left,
    };
  }
  if (ready.length > 0) return [...ready, ...usable.filter((storage) => !ready.includes(storage))];
  const why = choice.names.map((name) => `${name} ${whyNotReady(storages, name)}`);
  return {
    refused: 'Wait',
    reason: chosen.length === 0 ? 'StorageNotFound' : 'StorageNotReady',
    message: `Waits for ${choice.names.length === 1 ? 'its storage' : 'one of its storages'} to be ready: ${why.join('; ')}.`,
  };
}

function selectionMode(
  recording: RecordingSnapshot['recording'],
  profile: RecordingProfileSpec | undefined,
): StorageSelection['mode'] {
  return (recording.spec.storage ?? profile?.storage)?.mode;
}

function isChecked({ status, metadata }: ExternalStorage): boolean {
  const ready = findCondition(status?.conditions, 'Ready');
  const isOfNow = ready?.observedGeneration === undefined || ready.observedGeneration === metadata.generation;
  return ready !== undefined && ready.status !== 'Unknown' && isOfNow;
}

/** Why nothing can go there, as the end of a sentence that begins with its name. */
export function whyNotReady(storages: readonly ExternalStorage[], name: string): string {
  const storage = storages.find(({ metadata }) => metadata.name === name);
  if (storage === undefined) return 'is not there; apply it';
  if (storage.metadata.deletionTimestamp !== undefined) return 'is being deleted';
  if (storage.spec.suspend === true) return 'is suspended; set spec.suspend to false';
  const ready = findCondition(storage.status?.conditions, 'Ready');
  if (ready === undefined || ready.status !== 'False') return 'has not been checked yet';
  return `is not ready since ${ready.lastTransitionTime} (${ready.reason}: ${ready.message.replace(/\.$/, '')})`;
}

/** Keys must fit whichever storage they land in. */
function longestPrefix(storages: readonly ExternalStorage[]): string {
  return storages
    .map(({ spec }) => spec.prefix ?? '')
    .reduce((longest, prefix) => (prefix.length > longest.length ? prefix : longest), '');
}
