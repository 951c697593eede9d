import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Control, createControl, type Log } from '@tapedeck/control';
import { redact } from '@tapedeck/core';
import { ApiError, type KubeApi } from '@tapedeck/kube-api';
import { createEventRecorder } from './event-recorder.ts';
import { startHealthServer } from './health-server.ts';
import { recordingOf } from './launched-object.ts';
import { createKubeLauncher } from './launcher.ts';
import { aborted, type LeaseTiming, leadWith } from './lease.ts';
import { electionLoop, reconcileLoop, stuckLoop, watchLoop } from './liveness.ts';
import { metricText } from './metric-text.ts';
import { unreadIn, unsynced } from './namespace-reach.ts';
import { createNetworkGuard } from './network-guard.ts';
import { createOperatorCounters, stateMetrics } from './operator-metrics.ts';
import { type RecorderNetworkSettings, recorderNetwork } from './recorder-network.ts';
import { createRefusedReports } from './refused-reports.ts';
import { announceLeader } from './report-endpoint-slice.ts';
import { type KubeReportLedger, openReportLedger } from './report-ledger.ts';
import { startReportServer } from './report-server.ts';
import { createReportingPods } from './reporting-pods.ts';
import { createKubeResourceStore } from './resource-store.ts';
import type { OperatorSettings, ReplicaIdentity } from './settings.ts';
import { createTokenReviewer } from './token-review.ts';

/** Without a list or a watch that worked for so long, what is known is not current. */
const silentLimitMs = 120_000;
/** Before another try to lead, where the API server did not answer the first calls of a leader. */
const leadAgainMs = 2_000;
/** A certificate is renewed weeks before it ends. */
const tlsReloadMs = 60_000;

export interface OperatorOptions {
  readonly api: KubeApi;
  readonly settings: OperatorSettings;
  readonly replica: ReplicaIdentity;
  readonly log: Log;
  readonly leaseTiming?: LeaseTiming;
  /** How often the files of the report endpoint are read anew, in milliseconds. */
  readonly tlsReloadMs?: number;
  /** Where runs find the report Service; absent: its name within the cluster. */
  readonly reportUrl?: string;
}

/**
 * One replica, until the signal aborts. Every replica keeps its copies current and answers health checks; the one that
 * leads reconciles and takes reports. Where it leads no more, or the API server is away, it waits for its next turn.
 */
export async function runOperator(options: OperatorOptions, signal: AbortSignal): Promise<void> {
  const { api, settings, replica, log } = options;
  const { namespace } = replica;
  const ending = new AbortController();
  const stop = AbortSignal.any([signal, ending.signal]);
  const readTls = async () => ({
    cert: await readFile(join(settings.tlsDirectory, 'tls.crt'), 'utf8'),
    key: await readFile(join(settings.tlsDirectory, 'tls.key'), 'utf8'),
  });
  const readCa = () => readFile(join(settings.tlsDirectory, 'ca.crt'), 'utf8');
  let reportCa = await readCa();
  const counters = createOperatorCounters();
  const { watchNamespaces: namespaces } = settings;
  const { network, ...recorder } = settings.recorder;
  const launcher = createKubeLauncher({
    api,
    namespaces,
    ...(network === undefined ? {} : { guard: createNetworkGuard({ api, policies: policiesOf(network) }) }),
    settings: {
      ...recorder,
      reportUrl:
        options.reportUrl ?? `https://${settings.reportService}.${namespace}.svc:${settings.ports.report}`,
      // As it is when a run begins.
      get reportCa() {
        return reportCa;
      },
    },
    log,
    signal: stop,
  });
  const { launched } = launcher;
  const store = createKubeResourceStore({
    api,
    namespaces,
    launched: [launched.jobs, launched.pods],
    onEnded: counters.ended,
    log,
    signal: stop,
  });
  const reflectors = { ...store.reflectors, Job: launched.jobs, Pod: launched.pods };
  let synced = false;
  void Promise.all([store.synced, launcher.synced]).then(() => {
    synced = true;
  });
  let control: Control | undefined;
  let electionTurn = performance.now();

  const health = await startHealthServer({
    port: settings.ports.health,
    alive: () =>
      stuckLoop([
        ...Object.entries(reflectors).map(([resource, { stuckMs }]) => watchLoop(resource, stuckMs)),
        electionLoop(performance.now() - electionTurn),
        reconcileLoop(control?.longestSeconds ?? 0),
      ]),
    ready: () => {
      if (!synced) return unsynced(reflectors);
      const silent = Object.entries(reflectors).find(([, { silentMs }]) => silentMs > silentLimitMs);
      return silent === undefined ? undefined : `nothing was heard of ${silent[0]} for two minutes`;
    },
    metrics: () =>
      metricText([
        ...stateMetrics({
          recordings: resourcesOf(store.reflectors.Recording.values()),
          copies: resourcesOf(store.reflectors.RecordingCopy.values()),
          storages: resourcesOf(store.reflectors.ExternalStorage.values()),
          reflectors,
          namespaces: Object.fromEntries(
            namespaces.map((namespace) => [namespace, unreadIn(reflectors, namespace) === undefined]),
          ),
          now: new Date(),
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
    await Promise.race([Promise.all([store.synced, launcher.synced]), aborted(leading)]);
    if (leading.aborted) return;
    const ledger = await openReportLedger({ api, namespace, log, signal: leading });
    const events = createEventRecorder({ api, instance: replica.pod, log });
    const pods = createReportingPods({ api, pods: launched.pods, owners: store.reflectors });
    const refused = createRefusedReports({
      pod: (pod) => launched.pods.get(pod.namespace, pod.name),
      owner: pods.ownerOf,
      events,
    });
    const running = createControl({
      resources: store,
      launcher: {
        ...launcher,
        async observe(run) {
          const seen = await launcher.observe(run);
          const why = refused.of(run);
          return why === undefined ? seen : { ...seen, refused: why };
        },
      },
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
      findPod: pods.find,
      receiveReport: (report) => running.receiveReport(report),
      onReport: (refusal, named) => {
        counters.reported(refusal);
        if (refusal !== undefined) refused.tell(refusal, named);
      },
      log,
    });
    // It also ends where the first call of a leader fails, and the lease is still held.
    const over = new AbortController();
    const renewing = everySoOften(
      async () => server.setTls(await readTls()),
      'CertificateNotRead',
      AbortSignal.any([leading, over.signal]),
    );
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
      over.abort();
      await server.close();
      await renewing;
      await Promise.allSettled([ledger.close(), events.drain()]);
    }
  }

  /** Reports of recordings that are gone, with nothing left that runs for them. */
  async function sweep(ledger: KubeReportLedger): Promise<void> {
    const unread = namespaces.filter((namespace) => unreadIn(reflectors, namespace) !== undefined);
    if (unread.length > 0) {
      // Whose recordings are not known may not be gone: the next one to lead looks again.
      log.info('ReportsNotSwept', { namespaces: unread });
      return;
    }
    const known = new Set<string | undefined>();
    for (const kind of ['Recording', 'RecordingCopy'] as const)
      for (const { resource } of store.reflectors[kind].values()) known.add(resource.metadata.uid);
    for (const pod of launched.pods.values()) known.add(recordingOf(pod));
    for (const job of launched.jobs.values()) known.add(recordingOf(job));
    for (const uid of ledger.uids()) {
      if (known.has(uid)) continue;
      await ledger
        .forget(uid)
        .catch((error: unknown) => log.warn('ReportsNotRemoved', { uid, message: String(error) }));
    }
  }

  /** Kubelet renews the files of a Secret in place. */
  async function everySoOften(what: () => Promise<void>, event: string, until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      await sleep(options.tlsReloadMs ?? tlsReloadMs, undefined, { signal: until }).catch(() => undefined);
      if (until.aborted) return;
      await what().catch((error: unknown) => log.warn(event, { message: redact(String(error)) }));
    }
  }

  const renewingCa = everySoOften(
    async () => {
      reportCa = await readCa();
    },
    'AuthorityNotRead',
    stop,
  );

  try {
    const lease = {
      api,
      namespace,
      name: settings.lease,
      identity: `${replica.pod}_${randomUUID()}`,
      log,
      onTurn: () => {
        electionTurn = performance.now();
      },
      ...(options.leaseTiming === undefined ? {} : { timing: options.leaseTiming }),
    };
    while (!signal.aborted) {
      try {
        if ((await leadWith(lease, lead, signal)) === 'Ended') return;
      } catch (error) {
        // Between taking the lease and the first work the API server went away, or does not know its own roles yet.
        if (!(error instanceof ApiError)) throw error;
        log.warn('LeadingFailed', { message: redact(error.message) });
        await sleep(leadAgainMs, undefined, { signal }).catch(() => undefined);
      }
    }
  } finally {
    ending.abort();
    await renewingCa;
    await health.close();
  }
}

function* resourcesOf<T>(stored: Iterable<{ readonly resource: T }>): Iterable<T> {
  for (const { resource } of stored) yield resource;
}
