import {
  isFinalPhase,
  type Recording,
  type RecordingCopy,
  type RunReply,
  type RunReport,
  type RunStorageState,
} from '@tapedeck/core';
import type { CopyReconciler } from './copy-reconciler.ts';
import type { ReportLedger, ResourceStore } from './ports.ts';
import type { RecordingReconciler } from './recording-reconciler.ts';
import { parseRunId } from './run-id.ts';

export interface ReportIntake {
  receive(report: RunReport): Promise<RunReply>;
}

/** What of a report is worth a status at once; the rest is progress. */
function gist(report: RunReport): string {
  return JSON.stringify([
    report.state,
    report.startTime,
    report.result,
    report.files.map(({ key, storage, state }) => [key, storage, state]),
    report.gaps.length,
    report.pauses.length,
    report.notices,
    report.storages?.map((state) => [state.name, state.away?.code]),
  ]);
}

/** Keeps reports durably, wakes who has to decide, and answers with the state that is wanted. */
export function createReportIntake(ports: {
  readonly resources: ResourceStore;
  readonly ledger: ReportLedger;
  readonly recordings: Pick<RecordingReconciler, 'keyOf' | 'orphan'>;
  readonly copies: Pick<CopyReconciler, 'keyOf' | 'orphan'>;
  /** Looks at the resource at once, or after that many seconds together with whatever else comes until then. */
  readonly wake: (
    key: { kind: 'Recording' | 'RecordingCopy'; namespace: string; name: string },
    afterSeconds: number,
  ) => void;
  /** Hears what the run meets in its storages; never rejects, for the run waits for its answer. */
  readonly witness: (namespace: string, state: RunStorageState) => Promise<void>;
  readonly reportInterval: number;
  readonly progressInterval: number;
}): ReportIntake {
  const { resources, ledger } = ports;
  const reconcilers = { Recording: ports.recordings, RecordingCopy: ports.copies } as const;
  /** By recording, of its newest run: bounded by the number of recordings that run. */
  const gists = new Map<string, { readonly run: string; readonly gist: string }>();
  const stop: RunReply = { desired: 'Stopped', intervalSeconds: ports.reportInterval };

  async function find(uid: string): Promise<Recording | RecordingCopy | undefined> {
    for (const kind of ['Recording', 'RecordingCopy'] as const) {
      const orphan = reconcilers[kind].orphan(uid);
      if (orphan !== undefined) return orphan;
      const key = reconcilers[kind].keyOf(uid);
      if (key === undefined) continue;
      const resource = await resources.get(kind, key.namespace, key.name);
      return resource?.metadata.uid === uid ? resource : undefined;
    }
    // A report may come in before the first look at its recording, right after a start.
    const all = [...(await resources.list('Recording')), ...(await resources.list('RecordingCopy'))];
    return all.find(({ metadata }) => metadata.uid === uid);
  }

  return {
    async receive(report) {
      const run = parseRunId(report.id);
      if (run === undefined) return stop;
      const { uid, number } = run;
      const owner = await find(uid);
      if (owner === undefined) return stop;
      await ledger.save(uid, report);
      const newest = owner.status?.attempts?.at(-1)?.number ?? 0;
      // A run that was given up and lives on must not go on beside its successor.
      if (number < newest) return stop;
      const now = gist(report);
      const before = gists.get(uid);
      const same = before?.run === report.id && before.gist === now;
      if (report.result === undefined) gists.set(uid, { run: report.id, gist: now });
      else gists.delete(uid);
      const { namespace = 'default', name } = owner.metadata;
      ports.wake({ kind: owner.kind, namespace, name }, same ? ports.progressInterval : 0);
      for (const state of report.storages ?? []) await ports.witness(namespace, state);
      return { desired: desiredOf(owner), intervalSeconds: ports.reportInterval };
    },
  };
}

function desiredOf(owner: Recording | RecordingCopy): RunReply['desired'] {
  const { status, metadata } = owner;
  if (metadata.deletionTimestamp !== undefined || isFinalPhase(status?.phase)) return 'Stopped';
  switch (owner.kind === 'Recording' ? owner.spec.state : undefined) {
    case 'Stopped':
      return 'Stopped';
    case 'Paused':
    case 'Masked':
      return 'Paused';
    default:
      return 'Recording';
  }
}
