import { type RunReply, type RunReport, redact, TapedeckError } from '@tapedeck/core';
import { createCopyReconciler } from './copy-reconciler.ts';
import { createKeyedQueue } from './keyed-queue.ts';
import { type ControlOptions, defaultTiming } from './options.ts';
import type {
  Clock,
  Events,
  Kind,
  Launcher,
  Log,
  ReportLedger,
  ResourceKey,
  ResourceStore,
} from './ports.ts';
import { createRecordingReconciler } from './recording-reconciler.ts';
import { createReportIntake } from './report-intake.ts';
import { createStorageReconciler } from './storage-reconciler.ts';

export interface ControlPorts {
  readonly resources: ResourceStore;
  readonly launcher: Launcher;
  readonly ledger: ReportLedger;
  readonly clock: Clock;
  readonly events: Events;
  readonly log: Log;
  readonly options?: ControlOptions;
}

export interface Control {
  /**
   * Reconciles until the signal aborts, and resolves when what was under way has ended. Runs go on: the next
   * control over the same store adopts them. Call once.
   */
  start(signal: AbortSignal): Promise<void>;
  /** Resources that wait for their turn to be looked at. */
  readonly waiting: number;
  /** How long the look at a resource that has gone on for longest has been going on, in seconds; 0 where there is none. */
  readonly longestSeconds: number;
  /** Keeps a run's report durably, then answers with the state that is wanted of the run. */
  receiveReport(report: RunReport): Promise<RunReply>;
}

type QueueKey = `${string}/${string}`;

/** Reconciles recordings, copies and storages over the ports it is given; the same in local mode and on a cluster. */
export function createControl(ports: ControlPorts): Control {
  const { resources, launcher, ledger, clock, events, log, options = {} } = ports;
  const timing = { ...defaultTiming, ...options.timing };
  const policy = { timing, defaultStorage: options.defaultStorage };
  const stopping = new AbortController();
  const storages = createStorageReconciler({ resources, launcher, clock, events, log, timing });
  const recordings = createRecordingReconciler({
    resources,
    launcher,
    ledger,
    clock,
    events,
    log,
    policy,
    progressInterval: options.progressInterval ?? 1,
    check({ namespace, name }, since) {
      storages.doubt(namespace, name, since);
      storageQueue.add(`${namespace}/${name}`);
    },
  });

  const copies = createCopyReconciler({ resources, launcher, ledger, clock, events, log, policy });

  const failed = (kind: string) => (key: QueueKey, error: unknown) => {
    if (stopping.signal.aborted) return;
    const { code, message } = TapedeckError.from(error);
    log.warn('ReconcileFailed', { kind, key, code, message: redact(message) });
  };
  /** When each look that goes on began, oldest first. */
  const begins = new Set<{ readonly at: number }>();
  const timed =
    (kind: Kind, run: (key: QueueKey) => Promise<number | undefined>) =>
    async (key: QueueKey): Promise<number | undefined> => {
      const begun = performance.now();
      const look = { at: begun };
      begins.add(look);
      let worked = false;
      try {
        const after = await run(key);
        worked = true;
        return after;
      } finally {
        begins.delete(look);
        options.onReconciled?.(kind, (performance.now() - begun) / 1000, !worked);
      }
    };
  const recordingQueue = createKeyedQueue<QueueKey>({
    run: timed('Recording', (key) => recordings.reconcile(splitKey(key))),
    onError: failed('Recording'),
    concurrency: options.concurrency ?? 16,
  });
  const storageQueue = createKeyedQueue<QueueKey>({
    run: timed('ExternalStorage', (key) => {
      const { namespace, name } = splitKey(key);
      return storages.reconcile(namespace, name, stopping.signal);
    }),
    onError: failed('ExternalStorage'),
    concurrency: options.checkConcurrency ?? 4,
  });
  const copyQueue = createKeyedQueue<QueueKey>({
    run: timed('RecordingCopy', (key) => copies.reconcile(splitKey(key))),
    onError: failed('RecordingCopy'),
    concurrency: options.concurrency ?? 16,
  });
  const profileQueue = createKeyedQueue<QueueKey>({
    run: timed('RecordingProfile', async (key) => {
      await removeProfile(splitKey(key));
      return undefined;
    }),
    onError: failed('RecordingProfile'),
    concurrency: 1,
  });

  const queues = {
    Recording: recordingQueue,
    RecordingCopy: copyQueue,
    ExternalStorage: storageQueue,
    RecordingProfile: profileQueue,
  } as const;

  /** A profile is read when a recording begins and never again: one that is being deleted can go at once. */
  async function removeProfile({ namespace, name }: { namespace: string; name: string }): Promise<void> {
    const profile = await resources.get('RecordingProfile', namespace, name);
    if (profile?.metadata.deletionTimestamp === undefined) return;
    await resources.remove({ kind: 'RecordingProfile', namespace, name }, profile.metadata.uid ?? '');
  }

  function changed({ kind, namespace, name }: ResourceKey): void {
    const key: QueueKey = `${namespace}/${name}`;
    if (kind === 'RecordingCopy') {
      copyQueue.add(key);
      return;
    }
    queues[kind].add(key);
    const waiting = copies.waitingIn(namespace, kind === 'Recording' ? name : undefined);
    for (const each of waiting) copyQueue.add(nameOf(each));
    if (kind === 'Recording') return;
    for (const each of recordings.waitingIn(namespace)) recordingQueue.add(nameOf(each));
  }

  const intake = createReportIntake({
    resources,
    ledger,
    recordings,
    copies,
    wake: ({ kind, namespace, name }, after) => {
      if (after === 0) queues[kind].add(`${namespace}/${name}`, { urgent: true });
      else queues[kind].addAfter(`${namespace}/${name}`, after);
    },
    async witness(namespace, state) {
      try {
        if (await storages.witness(namespace, state)) storageQueue.add(`${namespace}/${state.name}`);
      } catch (error) {
        log.warn('StorageNotWitnessed', { namespace, name: state.name, message: redact(String(error)) });
      }
    },
    reportInterval: options.reportInterval ?? 1,
    progressInterval: options.progressInterval ?? 1,
  });

  return {
    async start(signal) {
      if (signal.aborted) return;
      const ended = new Promise<void>((resolve) =>
        signal.addEventListener('abort', () => resolve(), { once: true }),
      );
      recordings.seed(await resources.list('Recording'));
      copies.seed(await resources.list('RecordingCopy'));
      launcher.watch((uid) => {
        const recording = recordings.keyOf(uid);
        if (recording !== undefined) recordingQueue.add(nameOf(recording), { urgent: true });
        const copy = copies.keyOf(uid);
        if (copy !== undefined) copyQueue.add(nameOf(copy), { urgent: true });
      }, signal);
      resources.watch(changed, signal);
      await ended;
      stopping.abort();
      await Promise.all(Object.values(queues).map((queue) => queue.stop()));
    },
    get waiting() {
      return Object.values(queues).reduce((sum, queue) => sum + queue.waiting, 0);
    },
    get longestSeconds() {
      const [oldest] = begins;
      return oldest === undefined ? 0 : (performance.now() - oldest.at) / 1000;
    },
    receiveReport: (report) => intake.receive(report),
  };
}

function nameOf({ namespace, name }: { namespace: string; name: string }): QueueKey {
  return `${namespace}/${name}`;
}

/** Names hold no slash. */
function splitKey(key: QueueKey): { namespace: string; name: string } {
  const slash = key.indexOf('/');
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
