import type { Recording } from '@tapedeck/core';
import { isOver } from '../progress/progress-line.ts';
import { awayTimeoutText } from './away-limit.ts';
import { isControlled } from './control-client.ts';
import { controlSocketPath } from './control-socket.ts';
import type { LocalData } from './local-data.ts';
import { isAlive } from './process-identity.ts';
import { createReportLedger } from './report-ledger.ts';
import { listRuns, runDirectory } from './run-directory.ts';

/** A recording that goes on while no control process hears of it. */
export interface Unattended {
  readonly name: string;
  readonly uid: string;
  /** ISO 8601, of the last report that was heard; undefined before the first. */
  readonly heard: string | undefined;
}

/** Whether a recorder of the recording is alive. */
export function hasRecorder(data: Pick<LocalData, 'directory'>, uid: string): boolean {
  const { runs } = data.directory;
  return listRuns(runs).some((id) => {
    const record = runDirectory(runs, id).record();
    return record?.recordingUid === uid && isAlive(record.process);
  });
}

/** Those of the recordings that are recorded with no control process; asks for one only where there is a recorder. */
export async function findUnattended(
  data: LocalData,
  recordings: readonly Recording[],
): Promise<readonly Unattended[]> {
  const going = recordings.filter((each) => !isOver(each) && hasRecorder(data, each.metadata.uid ?? ''));
  if (going.length === 0 || (await isControlled(controlSocketPath(data.directory.root)))) return [];
  const ledger = createReportLedger(data.database);
  return await Promise.all(
    going.map(async ({ metadata: { name, uid = '' } }) => ({
      name,
      uid,
      heard: (await ledger.load(uid)).at(-1)?.time,
    })),
  );
}

/** What its figures are worth, for people. */
export function unattendedText({ heard }: Unattended): string {
  const asOf = heard === undefined ? 'nothing heard yet' : `as of ${heard}`;
  return `${asOf}; no control process runs here, the recording goes on by itself for up to ${awayTimeoutText}`;
}

/** Said by a process that led and ends; undefined where nothing is left. */
export async function leftBehindText(data: LocalData): Promise<string | undefined> {
  const left = (await data.store.list('Recording')).filter((each) => !isOver(each));
  if (left.length === 0) return undefined;
  const names = left.map(({ metadata }) => metadata.name).join(', ');
  const goesOn = left.some(({ metadata }) => hasRecorder(data, metadata.uid ?? ''))
    ? `What records goes on by itself for up to ${awayTimeoutText}; "tapedeck dev" looks after it.`
    : '"tapedeck dev" looks after them.';
  return `Still there: ${names}. ${goesOn}`;
}
