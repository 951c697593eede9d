import { type ExternalStorage, isSame, type RunStorageState, redact, TapedeckError } from '@tapedeck/core';
import type { Timing } from './options.ts';
import type { Clock, Events, Launcher, Log, ResourceStore } from './ports.ts';
import { weighEvidence } from './storage-evidence.ts';
import {
  type CheckOutcome,
  checkAnnotation,
  checkedStatus,
  checkingStatus,
  suspendedStatus,
  untilCheck,
} from './storage-plan.ts';
import { isReady } from './storage-readiness.ts';
import { copyNeedsStorage, needsStorage } from './storage-use.ts';

/** Seconds after which a deleted storage that is in use is looked at again. */
const inUseDelay = 5;

export interface StorageReconciler {
  /** Resolves with the seconds after which to come again. */
  reconcile(namespace: string, name: string, signal: AbortSignal): Promise<number | undefined>;
  /** It refused a recording at that time: what an earlier check said does not count, and the next look checks it. */
  doubt(namespace: string, name: string, since: string): void;
  /** What a run says of it; true where the next look has something to do about it. */
  witness(namespace: string, state: RunStorageState): Promise<boolean>;
}

export function createStorageReconciler(ports: {
  readonly resources: ResourceStore;
  readonly launcher: Pick<Launcher, 'check'>;
  readonly clock: Clock;
  readonly events: Events;
  readonly log: Log;
  readonly timing: Timing;
}): StorageReconciler {
  const { resources, launcher, clock, events, log, timing } = ports;
  let checks = 0;
  /** By storage; one that is gone is forgotten at its next look. */
  const doubts = new Map<string, string>();
  /** What runs said that is not looked at yet, the newest of each storage. */
  const witnessed = new Map<string, RunStorageState>();

  async function check(storage: ExternalStorage, signal: AbortSignal): Promise<CheckOutcome> {
    const { namespace = 'default', name } = storage.metadata;
    const begun = clock.now().getTime();
    checks += 1;
    const id = `${storage.metadata.uid ?? name}-${begun}-${checks}`;
    try {
      return { report: await launcher.check({ id, namespace, name, spec: storage.spec }, signal) };
    } catch (error) {
      signal.throwIfAborted();
      const durationSeconds = Math.max(0, clock.now().getTime() - begun) / 1000;
      return { error: TapedeckError.from(error), durationSeconds };
    }
  }

  async function write(storage: ExternalStorage, status: NonNullable<ExternalStorage['status']>) {
    if (!isSame(storage.status, status)) await resources.writeStatus(storage, status);
  }

  /** A storage goes once no recording and no copy needs it any more. */
  async function remove(storage: ExternalStorage): Promise<number | undefined> {
    const { namespace = 'default', name, uid = '' } = storage.metadata;
    const users = await resources.list('Recording', namespace);
    if (users.some((recording) => needsStorage(recording, name))) return inUseDelay;
    const copies = await resources.list('RecordingCopy', namespace);
    if (copies.some((copy) => copyNeedsStorage(copy, name))) return inUseDelay;
    await resources.remove({ kind: 'ExternalStorage', namespace, name }, uid);
    return undefined;
  }

  /** People hear of what changes whether recordings can go there. */
  function tell(before: ExternalStorage, status: NonNullable<ExternalStorage['status']>): void {
    const { namespace = 'default', name, uid = '' } = before.metadata;
    const ready = status.conditions?.find(({ type }) => type === 'Ready');
    const old = before.status?.conditions?.find(({ type }) => type === 'Ready');
    if (ready === undefined || (ready.status === old?.status && ready.reason === old.reason)) return;
    const type = ready.status === 'True' ? 'Normal' : 'Warning';
    const message = redact(ready.message);
    events.record({ kind: 'ExternalStorage', namespace, name, uid }, { type, reason: ready.reason, message });
    log.info('StorageChecked', { namespace, name, ready: ready.status, reason: ready.reason, message });
  }

  /** The storage with what a run has met there; `check`: it has to be checked now. */
  async function takeEvidence(
    storage: ExternalStorage,
    place: string,
  ): Promise<{ readonly storage: ExternalStorage; readonly check: boolean }> {
    const state = witnessed.get(place);
    witnessed.delete(place);
    if (state === undefined) return { storage, check: false };
    const evidence = weighEvidence(storage, state, clock.now(), timing);
    if (evidence.kind !== 'Status') return { storage, check: evidence.kind === 'Check' };
    tell(storage, evidence.status);
    await write(storage, evidence.status);
    return { storage: { ...storage, status: evidence.status }, check: false };
  }

  function untilNextCheck(storage: ExternalStorage, place: string): number | undefined {
    const doubted = doubts.get(place);
    const last = storage.status?.lastCheck?.time;
    if (doubted !== undefined && (last === undefined || Date.parse(last) < Date.parse(doubted))) return 0;
    doubts.delete(place);
    return untilCheck(storage, clock.now(), timing);
  }

  return {
    doubt(namespace, name, since) {
      doubts.set(`${namespace}/${name}`, since);
    },

    async witness(namespace, state) {
      const storage = await resources.get('ExternalStorage', namespace, state.name);
      if (storage === undefined) return false;
      if (weighEvidence(storage, state, clock.now(), timing).kind === 'Nothing') return false;
      witnessed.set(`${namespace}/${state.name}`, state);
      return true;
    },

    async reconcile(namespace, name, signal) {
      const place = `${namespace}/${name}`;
      const found = await resources.get('ExternalStorage', namespace, name);
      if (found === undefined) {
        doubts.delete(place);
        witnessed.delete(place);
        return undefined;
      }
      if (found.metadata.deletionTimestamp !== undefined) return remove(found);
      if (found.spec.suspend === true) {
        await write(found, suspendedStatus(found, clock.now()));
        return undefined;
      }
      const { storage, check: isDoubtful } = await takeEvidence(found, place);
      const wait = isDoubtful ? 0 : untilNextCheck(storage, place);
      if (wait === undefined || wait > 0) return wait;
      const generation = storage.metadata.generation;
      // One that is ready stays so while it is looked at.
      if (storage.status?.observedGeneration !== generation && !isReady(storage)) {
        await write(storage, checkingStatus(storage, clock.now()));
      }
      const outcome = await check(storage, signal);
      doubts.delete(place);
      // What was checked may have changed meanwhile, or gone.
      const now = await resources.get('ExternalStorage', namespace, name);
      if (now === undefined || now.metadata.uid !== storage.metadata.uid) return undefined;
      if (now.metadata.generation !== generation) return 0;
      const asked = storage.metadata.annotations?.[checkAnnotation];
      const checked = checkedStatus(
        {
          ...now,
          metadata: {
            ...now.metadata,
            annotations: {
              ...now.metadata.annotations,
              ...(asked === undefined ? {} : { [checkAnnotation]: asked }),
            },
          },
        },
        outcome,
        clock.now(),
      );
      tell(now, checked);
      await write(now, checked);
      return untilCheck({ ...now, status: checked }, clock.now(), timing);
    },
  };
}
