import { type ExternalStorage, isSame, redact, TapedeckError } from '@tapedeck/core';
import type { Timing } from './options.ts';
import type { Clock, Events, Launcher, Log, ResourceStore } from './ports.ts';
import {
  type CheckOutcome,
  checkAnnotation,
  checkedStatus,
  checkingStatus,
  suspendedStatus,
  untilCheck,
} from './storage-plan.ts';
import { copyNeedsStorage, needsStorage } from './storage-use.ts';

/** Seconds after which a deleted storage that is in use is looked at again. */
const inUseDelay = 5;

export interface StorageReconciler {
  /** Resolves with the seconds after which to come again. */
  reconcile(namespace: string, name: string, signal: AbortSignal): Promise<number | undefined>;
  /** It refused a recording at that time: what an earlier check said does not count, and the next look checks it. */
  doubt(namespace: string, name: string, since: string): void;
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

    async reconcile(namespace, name, signal) {
      const place = `${namespace}/${name}`;
      const storage = await resources.get('ExternalStorage', namespace, name);
      if (storage === undefined) {
        doubts.delete(place);
        return undefined;
      }
      if (storage.metadata.deletionTimestamp !== undefined) return remove(storage);
      if (storage.spec.suspend === true) {
        await write(storage, suspendedStatus(storage, clock.now()));
        return undefined;
      }
      const wait = untilNextCheck(storage, place);
      if (wait === undefined || wait > 0) return wait;
      const generation = storage.metadata.generation;
      if (storage.status?.observedGeneration !== generation) {
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
      const ready = checked.conditions?.find(({ type }) => type === 'Ready');
      const before = now.status?.conditions?.find(({ type }) => type === 'Ready');
      if (ready !== undefined && (ready.status !== before?.status || ready.reason !== before.reason)) {
        const type = ready.status === 'True' ? 'Normal' : 'Warning';
        const message = redact(ready.message);
        events.record(
          { kind: 'ExternalStorage', namespace, name, uid: now.metadata.uid ?? '' },
          { type, reason: ready.reason, message },
        );
        log.info('StorageChecked', { namespace, name, ready: ready.status, reason: ready.reason, message });
      }
      await write(now, checked);
      return untilCheck({ ...now, status: checked }, clock.now(), timing);
    },
  };
}
