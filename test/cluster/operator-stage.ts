import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openKubeApi } from '@tapedeck/kube-api';
import { parseSettings, runOperator } from '@tapedeck/operator';
import { afterAll, beforeAll, expect, vi } from 'vitest';
import { z } from 'zod';
import { root } from '../repo/checkout.ts';
import { freePort } from '../servers/free-port.ts';
import { callApi } from './api-request.ts';
import { type ApiServer, startApiServer } from './api-server.ts';
import { type CuttingProxy, startCuttingProxy } from './cutting-proxy.ts';
import { createHandKubelet, type HandPod, type Json } from './hand-kubelet.ts';
import { checked, postReport, type ReportAnswer } from './hand-report.ts';
import { makeOperatorAccount } from './operator-account.ts';
import { operatorNamespace } from './operator-rights.ts';
import { makeTls } from './tls.ts';

const hookTimeoutMs = 25 * 60_000;
/** For what comes at once on a quiet machine. */
export const soon = { timeout: 20_000, interval: 50 };
/** Where the resources of the tests are. */
export const group = '/apis/tapedeck.dev/v1alpha1/namespaces/default';

/** What the tests read of a resource; the rest of it is of no concern here. */
const resource = z.object({
  metadata: z.object({
    uid: z.string(),
    generation: z.number().optional(),
    finalizers: z.array(z.string()).optional(),
    resourceVersion: z.string(),
  }),
  status: z
    .object({
      phase: z.string().optional(),
      observedGeneration: z.number().optional(),
      conditions: z
        .array(
          z.looseObject({
            type: z.string(),
            status: z.string(),
            reason: z.string(),
            message: z.string(),
          }),
        )
        .optional(),
      outputs: z.array(z.looseObject({ key: z.string() })).optional(),
      attempts: z.array(z.record(z.string(), z.unknown())).optional(),
      progress: z.record(z.string(), z.unknown()).optional(),
    })
    .optional(),
});
export type Resource = z.infer<typeof resource>;

const lease = z.object({ spec: z.object({ holderIdentity: z.string() }) });

const events = z.object({
  items: z.array(
    z.looseObject({
      involvedObject: z.object({ name: z.string() }),
      reason: z.string(),
      message: z.string(),
      count: z.number(),
    }),
  ),
});

/** The condition of that type; undefined where it has none. */
export const condition = ({ status }: Resource, type: string) =>
  status?.conditions?.find((one) => one.type === type);

/** A real API server and an operator on it in this process; the kubelet is played by hand. */
export interface OperatorStage {
  readonly server: ApiServer;
  /** Between the operator and the API server. */
  readonly proxy: CuttingProxy;
  readonly kubelet: ReturnType<typeof createHandKubelet>;
  /** Holds tls.crt, tls.key and ca.crt of the report endpoint. */
  readonly directory: string;
  readonly ports: { readonly report: number; readonly health: number };
  /** What operators have logged, as JSON. */
  readonly lines: readonly string[];
  stopOperator(): Promise<void>;
  /** Starts one more under that name. */
  startOperator(pod: string): void;
  /** Who leads, by the Lease; empty where it was given back. */
  leader(): Promise<string>;
  read(plural: string, name: string): Promise<Resource>;
  apply(kind: string, plural: string, name: string, spec: Json): Promise<Resource>;
  /** A Recording of the test card into the storage `team`. */
  applyRecording(name: string, spec?: Json): Promise<Resource>;
  /** An ExternalStorage with a Secret, found well by a check. */
  readyStorage(name: string): Promise<void>;
  /** The pod of the nth run of a resource, running. */
  startRun(name: string, number?: number, plural?: string): Promise<HandPod>;
  post(run: string, token: string | undefined, body: unknown): Promise<ReportAnswer>;
  /** Of the health server. */
  get(path: string): Promise<Response>;
  metrics(): Promise<string>;
  /** Events of the namespace of the recordings. */
  events(): Promise<z.infer<typeof events>['items']>;
}

/** Starts one before the tests of a `describe` and ends it after them; its parts are there once they run. */
export function useOperatorStage(): OperatorStage {
  let server: ApiServer;
  let proxy: CuttingProxy;
  let kubelet: ReturnType<typeof createHandKubelet>;
  let directory: string;
  let ca: string;
  let kubeconfig: string;
  let ports: { report: number; health: number };
  let operator: { stop(): Promise<void> };
  const lines: string[] = [];

  beforeAll(async () => {
    server = await startApiServer();
    proxy = await startCuttingProxy(Number(new URL(server.url).port));
    const definitions = ['apply', '--server-side', '-f', `${root}/charts/tapedeck/files/crds`];
    expect((await server.kubectl(definitions)).stderr).toBe('');
    await server.kubectl(['wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all']);
    // A controller would make it.
    await server.kubectl(['create', 'serviceaccount', 'default']);
    kubeconfig = await makeOperatorAccount(server, `https://127.0.0.1:${proxy.port}`);
    kubelet = createHandKubelet(server, 'default');
    directory = await mkdtemp(path.join(tmpdir(), 'tapedeck-operator-'));
    ({ ca } = await makeTls(directory, ['IP:127.0.0.1']));
    ports = { report: await freePort(), health: await freePort() };
    operator = start('replica-1');
  }, hookTimeoutMs);
  afterAll(async () => {
    // Each is ended, whatever becomes of the others.
    const ended = await Promise.allSettled([operator?.stop(), proxy?.close()]);
    await server?.stop();
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  });

  function start(pod: string) {
    const abort = new AbortController();
    const settings = parseSettings(
      JSON.stringify({
        ports,
        tlsDirectory: directory,
        progressInterval: 0.2,
        recorder: { image: 'tapedeck/recorder:test', network: {} },
      }),
    );
    const log = (level: string) => (event: string, details?: object) =>
      void lines.push(JSON.stringify({ level, event, ...details }));
    const done = runOperator(
      {
        api: openKubeApi(kubeconfig),
        settings,
        replica: { namespace: operatorNamespace, pod, address: '10.0.0.1' },
        log: { info: log('info'), warn: log('warn') },
        leaseTiming: { duration: 3, renewDeadline: 2, retry: 0.3 },
        tlsReloadMs: 200,
        reportUrl: `https://127.0.0.1:${ports.report}`,
      },
      abort.signal,
    );
    return {
      stop: async () => {
        abort.abort();
        await done;
      },
    };
  }

  const stage: OperatorStage = {
    get server() {
      return server;
    },
    get proxy() {
      return proxy;
    },
    get kubelet() {
      return kubelet;
    },
    get directory() {
      return directory;
    },
    get ports() {
      return ports;
    },
    lines,

    stopOperator: () => operator.stop(),
    startOperator(pod) {
      operator = start(pod);
    },
    async leader() {
      const collection = `/apis/coordination.k8s.io/v1/namespaces/${operatorNamespace}/leases`;
      return lease.parse((await callApi(server, 'GET', `${collection}/tapedeck-operator`)).body).spec
        .holderIdentity;
    },

    read: async (plural, name) =>
      resource.parse((await callApi(server, 'GET', `${group}/${plural}/${name}`)).body),

    async apply(kind, plural, name, spec) {
      const answer = await callApi(
        server,
        'PATCH',
        `${group}/${plural}/${name}?fieldManager=test&force=true`,
        { apiVersion: 'tapedeck.dev/v1alpha1', kind, metadata: { name }, spec },
        'application/apply-patch+yaml',
      );
      expect(answer.message).toBe('');
      return resource.parse(answer.body);
    },

    applyRecording: (name, spec = {}) =>
      stage.apply('Recording', 'recordings', name, {
        source: { type: 'TestCard' },
        storage: { refs: [{ name: 'team' }] },
        ...spec,
      }),

    async readyStorage(name) {
      await stage.apply('ExternalStorage', 'externalstorages', name, storageSpec(name));
      const check = await kubelet.startPod(await kubelet.job(/^check-/));
      await check.end(0, checked(check.document));
      await vi.waitFor(async () => {
        expect(condition(await stage.read('externalstorages', name), 'Ready')?.status).toBe('True');
      }, soon);
      await check.remove();
    },

    async startRun(name, number = 1, plural = 'recordings') {
      const { metadata } = await stage.read(plural, name);
      const pod = await kubelet.startPod(await kubelet.job(new RegExp(`^rec-${metadata.uid}-${number}$`)));
      await pod.run();
      return pod;
    },

    post: (run, token, body) => postReport({ port: ports.report, ca }, run, token, body),
    get: (where) => fetch(`http://127.0.0.1:${ports.health}${where}`),
    metrics: async () => await (await stage.get('/metrics')).text(),
    async events() {
      const { stdout } = await server.kubectl(['get', 'events', '-o', 'json']);
      return events.parse(JSON.parse(stdout)).items;
    },
  };
  return stage;
}

/** Checked when it is made and edited, and never again. */
const storageSpec = (name: string): Json => ({
  provider: 'S3',
  s3: { bucket: name },
  credentials: { secretRef: { name: `${name}-keys` } },
  check: { interval: '168h' },
});
