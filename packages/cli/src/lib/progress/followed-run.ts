import type { ResourceKey } from '@tapedeck/control';
import type { Recording, RecordingCopy } from '@tapedeck/core';
import { TapedeckError } from '@tapedeck/core/error';
import { type CliExitCode, cliExitCodes } from '../cli-exit.ts';
import type { Interrupts } from '../interrupt.ts';
import type { LocalManifest } from '../manifest/local-manifest.ts';
import { followCopies } from './copy-following.ts';
import { type Followed, type Following, followUntilOver } from './following.ts';
import { phaseOf } from './progress-line.ts';

/** What `run` stays for. */
export interface FollowedKeys {
  readonly recordings: readonly ResourceKey[];
  readonly copies: readonly ResourceKey[];
}

/** Of files; throws `InvalidManifest` where there is neither. `advice`: what to do with the rest. */
export function followedKeys({ resources }: LocalManifest, advice: string): FollowedKeys {
  const keys = resources.map(({ key }) => key);
  const recordings = keys.filter(({ kind }) => kind === 'Recording');
  const copies = keys.filter(({ kind }) => kind === 'RecordingCopy');
  if (recordings.length + copies.length > 0) return { recordings, copies };
  throw new TapedeckError(
    'InvalidManifest',
    `there is no Recording and no RecordingCopy in it to run and follow; ${advice}`,
  );
}

export interface FollowedRun extends Followed {
  /** As the copies were at last; without those that were deleted. */
  readonly copies: readonly RecordingCopy[];
}

/** Follows Recordings, then their copies, which wait for them. */
export async function followRun(
  following: Omit<Following, 'keys'> & { readonly keys: FollowedKeys },
): Promise<FollowedRun> {
  const { store, view, interrupts, keys } = following;
  const followed = await followUntilOver({ ...following, keys: keys.recordings });
  if (followed.gaveUp !== undefined) return { ...followed, copies: [] };
  const { startLimit } = following;
  const { copies, gaveUp } = await followCopies({
    ...{ store, view, startLimit },
    signal: interrupts.first,
    keys: keys.copies,
  });
  return { last: followed.last, copies, gaveUp };
}

/** They stay, and begin when they can. */
export function copiesGivenUp({ copies, gaveUp }: FollowedRun): readonly RecordingCopy[] {
  return gaveUp === undefined ? [] : copies.filter(({ status }) => status?.phase === 'Pending');
}

/** How the command ends. */
export function runExit(
  { last, copies, gaveUp }: FollowedRun,
  keys: FollowedKeys,
  interrupts: Pick<Interrupts, 'first'>,
): CliExitCode {
  if (interrupts.first.aborted) return cliExitCodes.Interrupted;
  if (gaveUp !== undefined) return gaveUp;
  const complete =
    areComplete(last, keys.recordings) &&
    copies.length === keys.copies.length &&
    copies.every(({ status }) => status?.phase === 'Uploaded');
  return complete ? cliExitCodes.Done : cliExitCodes.Failed;
}

function areComplete(recordings: readonly Recording[], keys: readonly ResourceKey[]): boolean {
  return recordings.length === keys.length && recordings.every((each) => phaseOf(each) === 'Uploaded');
}
