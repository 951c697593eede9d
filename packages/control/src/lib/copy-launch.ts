import { maxCopyStorages, type RecordingCopyStatus } from '@tapedeck/core';
import { copyFiles } from './copy-files.ts';
import { copiedFiles } from './copy-history.ts';
import { tellCopy } from './copy-situation.ts';
import type { CopyDecision, CopySnapshot } from './copy-snapshot.ts';
import { doubled } from './options.ts';
import type { CopyPlan } from './ports.ts';
import type { RecordingPolicy } from './recording-snapshot.ts';
import { runId } from './run-id.ts';

/** The newest attempt is to be started, at once or after the last refusal's wait. */
export function planCopyLaunch(
  snapshot: CopySnapshot,
  { timing }: RecordingPolicy,
  status: RecordingCopyStatus,
): CopyDecision {
  const { copy, storages, launchFailure, now } = snapshot;
  const last = status.attempts?.at(-1);
  if (last === undefined) return { status, before: [], after: [] };
  const target = copy.spec.storage.name;
  if (!storages.some(({ metadata }) => metadata.name === target)) {
    const waited = (now.getTime() - Date.parse(last.startTime)) / 1000;
    const left = timing.missingStorageGrace - waited;
    const message = `ExternalStorage ${target}, which it copies to, is not there any more`;
    const reason = 'StorageNotFound';
    if (left <= 0)
      return tellCopy(snapshot, status, { kind: 'Failed', reason, message: `${message}; copy anew.` });
    return tellCopy(
      snapshot,
      status,
      { kind: 'Retrying', reason, message: `Waits: ${message}; apply it again.`, stalled: true },
      { requeueAfterSeconds: left, waits: true },
    );
  }
  const id = runId(copy.metadata.uid ?? '', last.number);
  if (launchFailure?.runId === id) {
    const { code, message, times, time } = launchFailure;
    // The same manifest would be refused again.
    if (code === 'NotSupported' || code === 'InvalidManifest')
      return tellCopy(snapshot, status, {
        kind: 'Failed',
        reason: code,
        message: `It cannot be started: ${message}.`,
      });
    const wait = doubled(timing.launchDelay, times - 1, timing.maxLaunchDelay);
    const left = wait - (now.getTime() - time.getTime()) / 1000;
    if (left > 0)
      return tellCopy(
        snapshot,
        status,
        {
          kind: 'Retrying',
          reason: code,
          message: `It cannot be started: ${message}. It is tried again until it works or is deleted.`,
          stalled: true,
        },
        { requeueAfterSeconds: left },
      );
  }
  const plan = planCopyRun(snapshot, status, last.number, 'Recording');
  const begun = { kind: 'Copying', reason: 'Starting', message: 'It is being started.' } as const;
  const told =
    launchFailure?.runId === id ? { status, before: [], after: [] } : tellCopy(snapshot, status, begun);
  return {
    ...told,
    after: [...told.after, { type: 'Launch', plan }],
    // Who started it is told of its life; this is for the case that nobody is.
    requeueAfterSeconds: timing.silentLimit,
  };
}

/** A run of a copy as control decides it; `Stopped` is one that only clears away what is unfinished. */
export function planCopyRun(
  { copy, storages, reports }: CopySnapshot,
  status: RecordingCopyStatus,
  number: number,
  desired: CopyPlan['desired'],
): CopyPlan {
  const { metadata, spec } = copy;
  const files = copyFiles(status.sources ?? [], storages, spec);
  const names = new Set([
    spec.storage.name,
    ...files.flatMap(({ sources }) => sources.map((each) => each.storage)),
  ]);
  return {
    version: 1,
    mode: 'Copy',
    id: runId(metadata.uid ?? '', number),
    copy: { namespace: metadata.namespace ?? 'default', name: metadata.name, uid: metadata.uid ?? '' },
    attempt: number,
    target: spec.storage.name,
    storages: [...names].slice(0, maxCopyStorages).flatMap((name) => {
      const storage = storages.find((each) => each.metadata.name === name);
      return storage === undefined ? [] : [{ name, spec: storage.spec }];
    }),
    files: [...files],
    previous: [...copiedFiles(reports)],
    desired,
  };
}
