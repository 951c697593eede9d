import { isFinalPhase, isSame, type RecordingCopy } from '@tapedeck/core';
import { planCopy } from './copy-plan.ts';
import type { CopyDecision, CopySnapshot } from './copy-snapshot.ts';
import { createEffectPerformer } from './effect-performer.ts';
import { keepLastReport } from './kept-reports.ts';
import type { Clock, Events, Launcher, Log, ReportLedger, ResourceStore } from './ports.ts';
import type { RecordingKey } from './recording-reconciler.ts';
import type { LaunchFailure, RecordingPolicy } from './recording-snapshot.ts';
import { runId } from './run-id.ts';

export interface CopyReconciler {
  /** Takes in what exists before anything is decided. */
  seed(copies: readonly RecordingCopy[]): void;
  /** Resolves with the seconds after which to come again. */
  reconcile(key: RecordingKey): Promise<number | undefined>;
  /** Where a copy lives, as far as it has been seen. */
  keyOf(uid: string): RecordingKey | undefined;
  /** Copies of the namespace that wait for a storage, or for their recording; of one recording where it is named. */
  waitingIn(namespace: string, recording?: string): readonly RecordingKey[];
  /** A copy whose resource vanished while a run of it may still go. */
  orphan(uid: string): RecordingCopy | undefined;
}

export interface CopyReconcilerPorts {
  readonly resources: ResourceStore;
  readonly launcher: Launcher;
  readonly ledger: ReportLedger;
  readonly clock: Clock;
  readonly events: Events;
  readonly log: Log;
  readonly policy: RecordingPolicy;
}

/** Statuses are written and runs launched here; what to write and to launch is decided by `planCopy`. */
export function createCopyReconciler(ports: CopyReconcilerPorts): CopyReconciler {
  const { resources, launcher, ledger, clock, events, log, policy } = ports;
  /** What each name held when it was last looked at. */
  const known = new Map<string, RecordingCopy>();
  const keys = new Map<string, RecordingKey>();
  /** Gone from the store with a run, or an upload, that may still be there; by uid. */
  const orphans = new Map<string, RecordingCopy>();
  const failures = new Map<string, LaunchFailure>();
  const waiting = new Map<string, RecordingKey>();
  const nameOf = ({ namespace, name }: RecordingKey) => `${namespace}/${name}`;
  const perform = createEffectPerformer({
    kind: 'RecordingCopy',
    launcher,
    ledger,
    events,
    log,
    failures,
    now: () => clock.now(),
    check: () => undefined,
    async remove({ namespace, name, uid }) {
      if (!orphans.has(uid)) {
        known.delete(nameOf({ namespace, name }));
        await resources.remove({ kind: 'RecordingCopy', namespace, name }, uid);
      }
      for (const map of [keys, orphans, failures, waiting]) map.delete(uid);
    },
  });

  function see(key: RecordingKey, copy: RecordingCopy): void {
    keys.set(copy.metadata.uid ?? '', key);
    known.set(nameOf(key), copy);
  }

  /** What was under the name before is gone, or is another now: what is left of it is cleared away. */
  function orphanOf(key: RecordingKey, current: RecordingCopy | undefined): void {
    const before = known.get(nameOf(key));
    if (before === undefined || before.metadata.uid === current?.metadata.uid) return;
    known.delete(nameOf(key));
    const uid = before.metadata.uid ?? '';
    if ((before.status?.attempts ?? []).length === 0) {
      for (const map of [keys, failures, waiting]) map.delete(uid);
      return;
    }
    const deletionTimestamp = before.metadata.deletionTimestamp ?? clock.now().toISOString();
    orphans.set(uid, { ...before, metadata: { ...before.metadata, deletionTimestamp } });
  }

  async function load(copy: RecordingCopy): Promise<CopySnapshot> {
    const { namespace = 'default', uid = '', deletionTimestamp } = copy.metadata;
    const last = copy.status?.attempts?.at(-1);
    const isOver = isFinalPhase(copy.status?.phase) && deletionTimestamp === undefined;
    const [recording, storages, observation] = await Promise.all([
      last === undefined ? resources.get('Recording', namespace, copy.spec.recordingRef.name) : undefined,
      isOver ? [] : resources.list('ExternalStorage', namespace),
      last === undefined || last.endTime !== undefined
        ? undefined
        : launcher.observe(runId(uid, last.number)),
    ]);
    const kept = last === undefined || isOver ? [] : await ledger.load(uid);
    const reports = await keepLastReport(ledger, uid, kept, observation?.report);
    return {
      copy,
      recording,
      storages,
      reports,
      observation,
      launchFailure: failures.get(uid),
      now: clock.now(),
    };
  }

  async function settle(
    copy: RecordingCopy,
    write: (decision: CopyDecision) => Promise<RecordingCopy>,
  ): Promise<CopyDecision> {
    const decision = planCopy(await load(copy), policy);
    await perform(decision.before, copy.metadata);
    const written = await write(decision);
    if (!(await perform(decision.after, written.metadata))) return decision;
    // Once more, with the refusal known: the status then says it.
    const refused = planCopy(await load(written), policy);
    await perform(refused.before, copy.metadata);
    const told = await write(refused);
    await perform(
      refused.after.filter(({ type }) => type !== 'Launch'),
      told.metadata,
    );
    return refused;
  }

  async function reconcileOrphan(orphan: RecordingCopy): Promise<number | undefined> {
    const uid = orphan.metadata.uid ?? '';
    const decision = await settle(orphan, async ({ status }) => {
      const next = { ...orphan, status };
      orphans.set(uid, next);
      return next;
    });
    return orphans.has(uid) ? decision.requeueAfterSeconds : undefined;
  }

  return {
    seed(copies) {
      for (const copy of copies) {
        const { namespace = 'default', name } = copy.metadata;
        see({ namespace, name }, copy);
      }
    },

    async reconcile(key) {
      const copy = await resources.get('RecordingCopy', key.namespace, key.name);
      orphanOf(key, copy);
      const waits: number[] = [];
      for (const orphan of [...orphans.values()]) {
        const { namespace = 'default', name } = orphan.metadata;
        if (namespace !== key.namespace || name !== key.name) continue;
        const wait = await reconcileOrphan(orphan);
        if (wait !== undefined) waits.push(wait);
      }
      if (copy !== undefined) {
        const uid = copy.metadata.uid ?? '';
        see(key, copy);
        let latest = copy;
        const decision = await settle(copy, async ({ status }) => {
          if (!isSame(latest.status, status)) await resources.writeStatus(latest, status);
          latest = { ...latest, status };
          see(key, latest);
          return latest;
        });
        if (decision.waits === true) waiting.set(uid, key);
        else waiting.delete(uid);
        if (decision.requeueAfterSeconds !== undefined) waits.push(decision.requeueAfterSeconds);
      }
      return waits.length === 0 ? undefined : Math.min(...waits);
    },

    keyOf: (uid) => keys.get(uid),
    waitingIn(namespace, recording) {
      const isOf = (key: RecordingKey) =>
        recording === undefined || known.get(nameOf(key))?.spec.recordingRef.name === recording;
      return [...waiting.values()].filter((key) => key.namespace === namespace && isOf(key));
    },
    orphan: (uid) => orphans.get(uid),
  };
}
