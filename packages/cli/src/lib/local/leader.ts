import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { createControl, type ResourceKey, type ResourceStore } from '@tapedeck/control';
import { type ExternalStorage, TapedeckError } from '@tapedeck/core';
import { createControlLog } from './control-log.ts';
import { startControlServer } from './control-server.ts';
import { prepareSocketDirectory } from './control-socket.ts';
import { createLocalLauncher } from './launcher.ts';
import { runLink } from './link-run.ts';
import type { LocalData } from './local-data.ts';
import { findRecorder } from './recorder-command.ts';
import { createReportLedger } from './report-ledger.ts';
import { completeStorage } from './run-spec.ts';
import { findScratchLimit } from './scratch-limit.ts';
import type { SecretCache, SecretEntry } from './secret-cache.ts';
import { createSecretFingerprints } from './secret-fingerprints.ts';
import { requestCheck } from './storage-recheck.ts';

/** Control at work in this process. */
export interface Leader {
  /** Has the storages checked anew that wait for one of these Secrets, or whose Secret is not what it was. */
  recheck(entries: readonly SecretEntry[]): Promise<void>;
  abandon(recordingUid: string): Promise<void>;
  /** Runs go on. */
  close(): Promise<void>;
}

interface LeaderOptions {
  readonly data: LocalData;
  readonly socket: string;
  readonly secrets: SecretCache;
  readonly onError: (error: unknown) => void;
  /**
   * Of what is there at the start, what is looked at; absent: all of it. For a command that leads for one recording's
   * sake: it starts nothing else that waits. What reports or changes from then on is looked at in any case.
   */
  readonly startsWith?: ((key: ResourceKey) => boolean) | undefined;
}

/** Starts control over a data directory, whose lock the caller holds: launcher, reconciling, and the socket it is reached by. */
export async function createLeader(options: LeaderOptions): Promise<Leader> {
  const { data, socket, secrets, onError } = options;
  const recorder = findRecorder();
  const fingerprints = createSecretFingerprints(data.database, data.directory.fingerprintKey);
  const scratchBytes = findScratchLimit();
  prepareSocketDirectory(data.directory.root, socket);
  const launcher = createLocalLauncher({
    data: data.directory,
    recorder,
    secrets,
    socket,
    onError,
    scratchBytes,
  });
  const control = createControl({
    resources: startingWith(data.store, options.startsWith),
    launcher,
    ledger: createReportLedger(data.database),
    clock: { now: () => new Date() },
    events: data.events,
    log: createControlLog(join(data.directory.root, 'control.log')),
  });

  async function recheck(entries: readonly SecretEntry[]): Promise<void> {
    const changed = fingerprints.changed(entries);
    for (const storage of await data.store.list('ExternalStorage')) {
      const { namespace } = storage.metadata;
      const secret = storage.spec.credentials?.secretRef?.name;
      const isOfIt = (entry: SecretEntry) => entry.namespace === namespace && entry.name === secret;
      if (!entries.some(isOfIt)) continue;
      await requestCheck(data.store, storage, { evenIfReady: changed.some(isOfIt) });
    }
    fingerprints.remember(changed);
  }

  async function storageOf(namespace: string, name: string): Promise<ExternalStorage> {
    const storage = await data.store.get('ExternalStorage', namespace, name);
    if (storage !== undefined) return storage;
    throw new TapedeckError('NotFound', `there is no ExternalStorage ${name} in namespace ${namespace}`);
  }

  const server = await startControlServer(socket, {
    receiveReport: (report) => control.receiveReport(report),
    putSecrets: async (entries) => {
      secrets.put(entries);
      await recheck(entries);
    },
    check: async (namespace, name, signal) => {
      const { spec } = await storageOf(namespace, name);
      return await launcher.check({ id: `check-${randomUUID()}`, namespace, name, spec }, signal);
    },
    link: async (namespace, name, wanted, signal) => {
      const { spec } = await storageOf(namespace, name);
      const storage = completeStorage({ name, spec }, namespace, secrets);
      const link = { version: 1, id: `link-${randomUUID()}`, storage, ...wanted } as const;
      return await runLink(recorder, data.directory.root, link, signal);
    },
  }).catch((error: unknown) => {
    launcher.close();
    throw error;
  });
  const ending = new AbortController();
  const running = control.start(ending.signal).catch(onError);

  return {
    recheck,
    abandon: (uid) => launcher.terminateRecording(uid),
    async close() {
      ending.abort();
      await running;
      await server.close();
      launcher.close();
    },
  };
}

/** The store whose watch leaves out what is there already and is not wanted; it names that before `watch` returns. */
function startingWith(
  store: ResourceStore,
  wanted: ((key: ResourceKey) => boolean) | undefined,
): ResourceStore {
  if (wanted === undefined) return store;
  return {
    ...store,
    watch(onChange, signal) {
      let started = false;
      store.watch((key) => {
        if (started || wanted(key)) onChange(key);
      }, signal);
      started = true;
    },
  };
}
