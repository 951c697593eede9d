import { isFinalPhase, isSame, type Recording } from '@tapedeck/core';
import { createEffectPerformer } from './effect-performer.ts';
import { keepLastReport } from './kept-reports.ts';
import { createNameIndex, type NameIndex } from './name-index.ts';
import type { Clock, Events, Launcher, Log, ReportLedger, ResourceStore } from './ports.ts';
import { createProgressPace } from './progress-pace.ts';
import { planRecording } from './recording-plan.ts';
import type {
  LaunchFailure,
  RecordingPlan,
  RecordingPolicy,
  RecordingSnapshot,
} from './recording-snapshot.ts';
import { runId } from './run-id.ts';

export interface RecordingKey {
  readonly namespace: string;
  readonly name: string;
}

export interface RecordingReconciler {
  /** Takes in what exists before anything is decided. */
  seed(recordings: readonly Recording[]): void;
  /** Resolves with the seconds after which to come again. */
  reconcile(key: RecordingKey): Promise<number | undefined>;
  /** Where a recording lives, as far as it has been seen. */
  keyOf(uid: string): RecordingKey | undefined;
  /** Recordings of the namespace that wait for a storage or a profile. */
  waitingIn(namespace: string): readonly RecordingKey[];
  /** A recording whose resource vanished while a run of it may still go. */
  orphan(uid: string): Recording | undefined;
}

export interface RecordingReconcilerPorts {
  readonly resources: ResourceStore;
  readonly launcher: Launcher;
  readonly ledger: ReportLedger;
  readonly clock: Clock;
  readonly events: Events;
  readonly log: Log;
  readonly policy: RecordingPolicy;
  /** Seconds between two statuses in which nothing but progress is new. */
  readonly progressInterval: number;
  /** Has a storage checked that was not checked since then. */
  readonly check: (storage: { namespace: string; name: string }, since: string) => void;
}

/** Statuses are written and runs launched here; what to write and to launch is decided by `planRecording`. */
export function createRecordingReconciler(ports: RecordingReconcilerPorts): RecordingReconciler {
  const { resources, launcher, ledger, clock, events, log, policy } = ports;
  const since = clock.now();
  const names: NameIndex = createNameIndex();
  const keys = new Map<string, RecordingKey>();
  /** What each name held when it was last looked at, for as long as it has not ended. */
  const live = new Map<string, Recording>();
  /** The uid that each name held when it was last looked at, ended or not. */
  const uids = new Map<string, string>();
  /** Gone from the store with a run that may still go, by uid. */
  const orphans = new Map<string, Recording>();
  const failures = new Map<string, LaunchFailure>();
  const waiting = new Map<string, RecordingKey>();
  const pace = createProgressPace(ports.progressInterval, () => clock.now());

  const nameOf = ({ namespace, name }: RecordingKey) => `${namespace}/${name}`;
  const perform = createEffectPerformer({
    kind: 'Recording',
    launcher,
    ledger,
    events,
    log,
    failures,
    now: () => clock.now(),
    check: ports.check,
    async remove({ namespace, name, uid }) {
      if (!orphans.has(uid)) {
        live.delete(nameOf({ namespace, name }));
        uids.delete(nameOf({ namespace, name }));
        await resources.remove({ kind: 'Recording', namespace, name }, uid);
      }
      drop(uid);
    },
  });

  function see(key: RecordingKey, recording: Recording): void {
    const uid = recording.metadata.uid ?? '';
    keys.set(uid, key);
    uids.set(nameOf(key), uid);
    if (isFinalPhase(recording.status?.phase)) {
      live.delete(nameOf(key));
      pace.forget(uid);
    } else live.set(nameOf(key), recording);
  }

  function drop(uid: string): void {
    keys.delete(uid);
    orphans.delete(uid);
    failures.delete(uid);
    waiting.delete(uid);
    pace.forget(uid);
    names.remove(uid);
  }

  /** What was under the name before is gone, or is another now: end what runs for it. */
  async function orphanOf(key: RecordingKey, current: Recording | undefined): Promise<void> {
    const uid = uids.get(nameOf(key));
    if (uid === undefined || uid === current?.metadata.uid) return;
    const before = live.get(nameOf(key));
    const isOpen = before !== undefined && (before.status?.attempts ?? []).length > 0;
    // One that had ended, or not begun, leaves nothing but reports. What fails here is tried again.
    if (!isOpen) await ledger.forget(uid);
    live.delete(nameOf(key));
    uids.delete(nameOf(key));
    if (!isOpen) {
      drop(uid);
      return;
    }
    const deletionTimestamp = before.metadata.deletionTimestamp ?? clock.now().toISOString();
    orphans.set(uid, {
      ...before,
      metadata: { ...before.metadata, deletionTimestamp },
      // Nobody asked for the files to go: that would have taken a resource that waits for it.
      spec: { ...before.spec, deletionPolicy: 'Retain' },
    });
  }

  async function load(recording: Recording): Promise<RecordingSnapshot> {
    const { namespace = 'default', uid = '' } = recording.metadata;
    const profileName = recording.spec.profileRef?.name;
    const last = recording.status?.attempts?.at(-1);
    const begun = last !== undefined;
    const [profile, storages, observation] = await Promise.all([
      profileName === undefined || begun
        ? undefined
        : resources.get('RecordingProfile', namespace, profileName),
      isOver(recording) ? [] : resources.list('ExternalStorage', namespace),
      last === undefined || (last.endTime !== undefined && recording.status?.phase !== 'Uploading')
        ? undefined
        : launcher.observe(runId(uid, last.number)),
    ]);
    const kept = begun && !isOver(recording) ? await ledger.load(uid) : [];
    const reports = await keepLastReport(ledger, uid, kept, observation?.report);
    return {
      recording,
      profile,
      storages,
      reports,
      observation,
      launchFailure: failures.get(uid),
      sameName: names.add(recording),
      now: clock.now(),
      since,
    };
  }

  async function settle(
    recording: Recording,
    write: (plan: RecordingPlan) => Promise<Recording>,
  ): Promise<RecordingPlan> {
    const plan = planRecording(await load(recording), policy);
    await perform(plan.before, recording.metadata);
    const written = await write(plan);
    if (!(await perform(plan.after, written.metadata))) return plan;
    // Once more, with the refusal known: the status then says it.
    const refused = planRecording(await load(written), policy);
    await write(refused);
    return refused;
  }

  async function reconcileOrphan(orphan: Recording): Promise<number | undefined> {
    const uid = orphan.metadata.uid ?? '';
    const plan = await settle(orphan, async ({ status }) => {
      const next = { ...orphan, status };
      orphans.set(uid, next);
      return next;
    });
    return orphans.has(uid) ? plan.requeueAfterSeconds : undefined;
  }

  return {
    seed(recordings) {
      for (const recording of recordings) {
        const { namespace = 'default', name } = recording.metadata;
        see({ namespace, name }, recording);
        names.add(recording);
      }
    },

    async reconcile(key) {
      const recording = await resources.get('Recording', key.namespace, key.name);
      await orphanOf(key, recording);
      const waits: number[] = [];
      for (const orphan of [...orphans.values()]) {
        const { namespace = 'default', name } = orphan.metadata;
        if (namespace !== key.namespace || name !== key.name) continue;
        const wait = await reconcileOrphan(orphan);
        if (wait !== undefined) waits.push(wait);
      }
      if (recording !== undefined) {
        const uid = recording.metadata.uid ?? '';
        see(key, recording);
        let latest = recording;
        const plan = await settle(recording, async ({ status }) => {
          if (!isSame(latest.status, status)) {
            const wait = pace.wait(uid, latest.status, status);
            if (wait > 0) {
              waits.push(wait);
              return latest;
            }
            await resources.writeStatus(latest, status);
            pace.wrote(uid);
          }
          latest = { ...latest, status };
          see(key, latest);
          return latest;
        });
        if (plan.waits === true) waiting.set(uid, key);
        else waiting.delete(uid);
        if (plan.requeueAfterSeconds !== undefined) waits.push(plan.requeueAfterSeconds);
      }
      return waits.length === 0 ? undefined : Math.min(...waits);
    },

    keyOf: (uid) => keys.get(uid),
    waitingIn: (namespace) => [...waiting.values()].filter((key) => key.namespace === namespace),
    orphan: (uid) => orphans.get(uid),
  };
}

/** It has ended and nobody deletes it: no storage and no report can change anything about it any more. */
function isOver({ status, metadata }: Recording): boolean {
  return isFinalPhase(status?.phase) && metadata.deletionTimestamp === undefined;
}
