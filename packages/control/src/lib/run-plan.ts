import { type ExternalStorage, maxRunStorages, type RecordingConfig, type RunFile } from '@tapedeck/core';
import type { RunPlan } from './ports.ts';
import type { RecordingSnapshot } from './recording-snapshot.ts';
import { runId } from './run-id.ts';

export interface RunPlanInput {
  readonly recording: RecordingSnapshot['recording'];
  readonly config: RecordingConfig;
  readonly storages: readonly ExternalStorage[];
  readonly number: number;
  readonly mode: RunPlan['mode'];
  readonly keyBase: string;
  readonly previous: readonly RunFile[];
  readonly left: Allowance;
}

/** What may still be recorded, in seconds of media. */
export interface Allowance {
  readonly maxDurationSeconds: number;
  readonly stopAfterSeconds?: number;
}

/** A run ends a stop in less than this; there is no use in a run that records less. */
const shortest = 0.05;

/** What earlier runs have left of the recording's allowance, and why it is over when it is. */
export function allowanceLeft(
  config: Pick<RecordingConfig, 'maxDurationSeconds' | 'stopAfterSeconds'>,
  mediaSeconds: number,
): Allowance & { readonly over?: 'MaxDuration' | 'Elapsed' } {
  const maxDurationSeconds = config.maxDurationSeconds - mediaSeconds;
  const stopAfterSeconds =
    config.stopAfterSeconds === undefined ? undefined : config.stopAfterSeconds - mediaSeconds;
  const stop = stopAfterSeconds === undefined ? {} : { stopAfterSeconds };
  if (stopAfterSeconds !== undefined && stopAfterSeconds <= shortest) {
    return { maxDurationSeconds, ...stop, over: 'Elapsed' };
  }
  if (maxDurationSeconds <= shortest) return { maxDurationSeconds, ...stop, over: 'MaxDuration' };
  return { maxDurationSeconds, ...stop };
}

/** A source for a run that opens none; the contract wants one. */
const noSource = { type: 'TestCard' } as const;

/** A run as control decides it: without secrets and paths, which whoever launches it puts in. */
export function planRun(input: RunPlanInput): RunPlan {
  const { recording, config, number, mode, left } = input;
  const { metadata } = recording;
  const records = mode === 'Record';
  return {
    version: 1,
    mode,
    id: runId(metadata.uid ?? '', number),
    recording: { namespace: metadata.namespace ?? 'default', name: metadata.name, uid: metadata.uid ?? '' },
    attempt: number,
    source: records ? config.source : noSource,
    video: config.video,
    audio: config.audio,
    // The contract wants them positive, also where nothing is recorded.
    maxDurationSeconds: Math.max(shortest, left.maxDurationSeconds),
    ...(records && left.stopAfterSeconds !== undefined
      ? { stopAfterSeconds: Math.max(shortest, left.stopAfterSeconds) }
      : {}),
    splitEverySeconds: config.splitEverySeconds,
    durabilitySeconds: config.durabilitySeconds,
    storages: input.storages.slice(0, maxRunStorages).map((storage) => ({
      name: storage.metadata.name,
      spec: storage.spec,
      ...(storage.metadata.generation === undefined ? {} : { generation: storage.metadata.generation }),
    })),
    ...deliveryOf(config, input.storages.length),
    keyBase: input.keyBase,
    previous: [...input.previous],
    ...(config.merged.resources === undefined ? {} : { resources: config.merged.resources }),
    desired: !records ? 'Stopped' : config.state === 'Paused' ? 'Paused' : 'Recording',
  };
}

function deliveryOf(
  { storage, fallbackAfterSeconds }: RecordingConfig,
  count: number,
): Pick<RunPlan, 'storageMode' | 'fallbackAfterSeconds'> {
  if (storage?.mode === 'Mirror') return { storageMode: 'Mirror' };
  return count > 1 ? { fallbackAfterSeconds } : {};
}

/**
 * The storages of a run: those that are wanted in their order, then where else files lie. `missing` names those that
 * hold files and are not there any more.
 */
export function storagesOfRun(
  storages: readonly ExternalStorage[],
  files: readonly RunFile[],
  wanted: readonly string[],
): { readonly storages: readonly ExternalStorage[]; readonly missing: readonly string[] } {
  const holding = [...new Set(files.map(({ storage }) => storage))];
  const names = [...new Set([...wanted, ...holding])];
  const find = (name: string) => storages.find(({ metadata }) => metadata.name === name);
  return {
    storages: names.flatMap((name) => find(name) ?? []),
    missing: holding.filter((name) => find(name) === undefined),
  };
}
