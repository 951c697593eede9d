import {
  findCondition,
  type Recording,
  type RecordingCopyStatus,
  type RecordingOutput,
  TapedeckError,
} from '@tapedeck/core';
import { copyFiles } from './copy-files.ts';
import type { CopySituation } from './copy-situation.ts';
import type { CopySnapshot } from './copy-snapshot.ts';
import { whyNotReady } from './recording-admission.ts';
import { isReady } from './storage-readiness.ts';

/** What a copy begins with, or why it does not: not yet (Pending), or never (Failed). */
export type CopyAdmission =
  | { readonly outputs: readonly RecordingOutput[]; readonly recordingUid: string }
  | { readonly refused: CopySituation; readonly recordingUid?: string | undefined };

/** May the copy begin? Its recording has to be complete, and its storages have to be there and ready. */
export function admitCopy(snapshot: CopySnapshot, status: RecordingCopyStatus): CopyAdmission {
  const { copy, recording, storages } = snapshot;
  const name = copy.spec.recordingRef.name;
  if (recording === undefined || (status.recordingUid ?? recording.metadata.uid) !== recording.metadata.uid) {
    return status.recordingUid === undefined
      ? pending('NotFound', `Waits for Recording ${name}, which is not there; apply it.`)
      : failed('NotFound', `Recording ${name} was deleted before its files could be copied.`);
  }
  const outputs = recording.status?.outputs ?? [];
  const recordingUid = recording.metadata.uid ?? '';
  const refused = refusalOf(recording, name) ?? storageRefusal(snapshot, outputs);
  if (refused !== undefined) return { ...refused, recordingUid };
  try {
    copyFiles(outputs, storages, copy.spec);
  } catch (error) {
    return { ...failed('InvalidParams', TapedeckError.from(error).message), recordingUid };
  }
  return { outputs, recordingUid };
}

type Refusal = { readonly refused: CopySituation };

const pending = (reason: string, message: string, stalled = false): Refusal => ({
  refused: { kind: 'Pending', reason, message, ...(stalled ? { stalled } : {}) },
});
const failed = (reason: string, message: string): Refusal => ({
  refused: { kind: 'Failed', reason, message },
});

/** Only what is complete can be copied. */
function refusalOf({ status, metadata }: Recording, name: string): Refusal | undefined {
  if (status?.phase === 'Failed') {
    const why = findCondition(status.conditions, 'Failed');
    const because = why === undefined ? '' : ` (${why.reason}: ${why.message.replace(/\.$/, '')})`;
    return failed(
      'InvalidParams',
      `Recording ${name} has failed${because}; only a complete recording can be copied.`,
    );
  }
  if (metadata.deletionTimestamp !== undefined)
    return failed('NotFound', `Recording ${name} is being deleted, so its files are not copied.`);
  if (status?.phase !== 'Uploaded') {
    const phase = status?.phase ?? 'Pending';
    return pending('RecordingNotComplete', `Waits for Recording ${name} to be complete; it is ${phase} now.`);
  }
  if ((status.outputs ?? []).length === 0)
    return failed('InvalidParams', `Recording ${name} has no file that could be copied.`);
  return undefined;
}

function storageRefusal(
  { copy, storages }: CopySnapshot,
  outputs: readonly RecordingOutput[],
): Refusal | undefined {
  const name = copy.spec.storage.name;
  const target = storages.find(({ metadata }) => metadata.name === name);
  const usable =
    target !== undefined &&
    target.spec.suspend !== true &&
    target.metadata.deletionTimestamp === undefined &&
    isReady(target);
  if (!usable) {
    return pending(
      target === undefined ? 'StorageNotFound' : 'StorageNotReady',
      `Waits for the storage that it copies to: ${name} ${whyNotReady(storages, name)}.`,
    );
  }
  const isThere = ({ storage }: RecordingOutput) =>
    storages.some(({ metadata }) => metadata.name === storage);
  const lost = outputs.find(
    (output) => !outputs.some((other) => other.segment === output.segment && isThere(other)),
  );
  if (lost === undefined) return undefined;
  return pending(
    'StorageNotFound',
    `Waits for ExternalStorage ${lost.storage}, which ${lost.key} is in and which is not there any more; apply it again.`,
  );
}
