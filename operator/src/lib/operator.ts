import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Control, createControl, type Log } from '@tapedeck/control';
import { redact } from '@tapedeck/core';
import { isNotFound, type KubeApi, kubernetesObject } from '@tapedeck/kube-api';
import { createEventRecorder } from './event-recorder.ts';
import { startHealthServer } from './health-server.ts';
import { readPod, recordingOf } from './launched-object.ts';
import { createKubeLauncher } from './launcher.ts';
import { type LeaseTiming, leadWith } from './lease.ts';
import { metricText } from './metric-text.ts';
import { createNetworkGuard } from './network-guard.ts';
import { createOperatorCounters, stateMetrics } from './operator-metrics.ts';
import { type RecorderNetworkSettings, recorderNetwork } from './recorder-network.ts';
import { announceLeader } from './report-endpoint-slice.ts';
import { type KubeReportLedger, openReportLedger } from './report-ledger.ts';
import { startReportServer } from './report-server.ts';
import { createKubeResourceStore } from './resource-store.ts';
import type { OperatorSettings, ReplicaIdentity } from './settings.ts';
import { createTokenReviewer } from './token-review.ts';

/** Without a list or a watch that worked for so long, a process is better started anew. */
const silentLimitMs = 120_000;
/** A certificate is renewed weeks before it ends. */
const tlsReloadMs = 60_000;

export interface OperatorOptions {
  readonly api: KubeApi;
  readonly settings: OperatorSettings;
  readonly replica: ReplicaIdentity;
  readonly log: Log;
  readonly leaseTiming?: LeaseTiming;
  /** Where runs find the report Service; absent: its name within the cluster. */
  readonly reportUrl?: string;
}

/**
 * One replica, until the signal aborts or it leads no more. Every replica keeps its copies current and answers health
 * checks; the one that leads reconciles and takes reports.
 */
export async function runOperator(options: OperatorOptions, signal: AbortSignal): Promise<'Ended' | 'Lost'> {
  const { api, settings, replica, log } = options;
  const { namespace } = replica;
  const ending = new AbortController();
  const stop = AbortSignal.any([signal, ending.signal]);
  const readTls = async () => ({
    cert: await readFile(join(settings.tlsDirectory, 'tls.crt'), 'utf8'),
    key: await readFile(join(settings.tlsDirectory, 'tls.key'), 'utf8'),
  });
  const reportCa = await readFile(join(settings.tlsDirectory, 'ca.crt'), 'utf8');
  const counters = createOperatorCounters();
  const { watchNamespaces: namespaces } = settings;
  const store = createKubeResourceStore({ api, namespaces, log, signal: stop });
  const { network, ...recorder } = settings.recorder;
  const launcher = createKubeLauncher({
    api,
    namespaces,
    ...(network === undefined ? {} : { guard: createNetworkGuard({ api, policies: policiesOf(network) }) }),
    settings: {
      ...recorder,
      reportUrl:
        options.reportUrl ?? `https://${settings.reportService}.${namespace}.svc:${settings.ports.report}`,
      reportCa,
    },
    log,
    signal: stop,
  });
  const { launched } = launcher;
  const reflectors = { ...store.reflectors, Job: launched.jobs, Pod: launched.pods };
  let synced = false;
  void Promise.all([store.synced, launcher.synced]).then(() => {
    synced = true;
  });
  let control: Control | undefined;

  const health = await startHealthServer({
    port: settings.ports.health,
    alive: () => {
      const silent = Object.entries(reflectors).find(([, { silentMs }]) => silentMs > silentLimitMs);
      return silent === undefined ? undefined : `nothing was heard of ${silent[0]} for two minutes`;
    },
    ready: () => (synced ? undefined : 'the first list has not ended'),
    metrics: () =>
      metricText([
        ...stateMetrics({
          recordings: resourcesOf(store.reflectors.Recording.values()),
          copies: resourcesOf(store.reflectors.RecordingCopy.values()),
          storages: resourcesOf(store.reflectors.ExternalStorage.values()),
          reflectors,
          leads: control !== undefined,
          waiting: control?.waiting ?? 0,
        }),
        ...counters.metrics(),
      ]),
  });

  function policiesOf(network: RecorderNetworkSettings) {
    const shared = {
      operatorNamespace: namespace,
      reportPort: settings.ports.report,
      settings: network,
    };
    return (of: string) => recorderNetwork({ ...shared, namespace: of });
  }

  async function lead(leading: AbortSignal): Promise<void> {
    await Promise.all([store.synced, launcher.synced]);
    const ledger = await openReportLedger({ api, namespace, log, signal: leading });
    const events = createEventRecorder({ api, instance: replica.pod, log });
    const running = createControl({
      resources: store,
      launcher,
      ledger,
      clock: { now: () => new Date() },
      events,
      log,
      options: {
        ...(settings.defaultStorage === undefined ? {} : { defaultStorage: settings.defaultStorage }),
        reportInterval: settings.reportInterval,
        progressInterval: settings.progressInterval,
        onReconciled: counters.reconciled,
      },
    });
    await sweep(ledger);
    const server = await startReportServer({
      tls: await readTls(),
      port: settings.ports.report,
      tokens: createTokenReviewer(api),
      findPod,
      receiveReport: (report) => running.receiveReport(report),
      onReport: counters.reported,
      log,
    });
    const renewing = keepTls(server, leading);
    try {
      control = running;
      const { pod, address } = replica;
      await announceLeader({
        api,
        namespace,
        service: settings.reportService,
        pod,
        address,
        port: server.port,
      });
      await running.start(leading);
    } finally {
      control = undefined;
      await server.close();
      await renewing;
      await Promise.allSettled([ledger.close(), events.drain()]);
    }
  }

  /** A pod that a token names, also where the watch has not told of it yet. */
  async function findPod(pod: { namespace: string; name: string }) {
    const known = launched.pods.get(pod.namespace, pod.name);
    if (known !== undefined) return known;
    try {
      const object = await api.call({ path: `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}` });
      return readPod(kubernetesObject.parse(object));
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Reports of recordings that are gone, with nothing left that runs for them. */
  async function sweep(ledger: KubeReportLedger): Promise<void> {
    const known = new Set<string | undefined>();
    for (const kind of ['Recording', 'RecordingCopy'] as const)
      for (const { resource } of store.reflectors[kind].values()) known.add(resource.metadata.uid);
    for (const pod of launched.pods.values()) known.add(recordingOf(pod));
    for (const uid of ledger.uids()) {
      if (known.has(uid)) continue;
      await ledger
        .forget(uid)
        .catch((error: unknown) => log.warn('ReportsNotRemoved', { uid, message: String(error) }));
    }
  }

  async function keepTls(server: { setTls(tls: { cert: string; key: string }): void }, until: AbortSignal) {
    while (!until.aborted) {
      await sleep(tlsReloadMs, undefined, { signal: until }).catch(() => undefined);
      if (until.aborted) return;
      await readTls().then(
        (tls) => server.setTls(tls),
        (error: unknown) => log.warn('CertificateNotRead', { message: redact(String(error)) }),
      );
    }
  }

  try {
    const lease = {
      api,
      namespace,
      name: settings.lease,
      identity: `${replica.pod}_${randomUUID()}`,
      log,
      ...(options.leaseTiming === undefined ? {} : { timing: options.leaseTiming }),
    };
    return await leadWith(lease, lead, signal);
  } finally {
    ending.abort();
    await health.close();
  }
}

function* resourcesOf<T>(stored: Iterable<{ readonly resource: T }>): Iterable<T> {
  for (const { resource } of stored) yield resource;
}
