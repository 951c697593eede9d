import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { exitCodes, runReport } from '@tapedeck/core';
import { openKubeApi } from '@tapedeck/kube-api';
import { parseSettings, reportAudience, runOperator, testRelease } from '@tapedeck/operator';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { root } from '../repo/checkout.ts';
import { freePort } from '../servers/free-port.ts';
import { callApi } from './api-request.ts';
import { type ApiServer, startApiServer } from './api-server.ts';
import { type CuttingProxy, startCuttingProxy } from './cutting-proxy.ts';
import { createHandKubelet, type HandPod, type Json } from './hand-kubelet.ts';
import { checked, file, postReport, reported } from './hand-report.ts';
import { findKubernetes } from './kubernetes.ts';
import { makeOperatorAccount } from './operator-account.ts';
import { operatorAccount, operatorNamespace } from './operator-rights.ts';
import { makeTls } from './tls.ts';

const hookTimeoutMs = 25 * 60_000;
const soon = { timeout: 20_000, interval: 50 };
const group = '/apis/tapedeck.dev/v1alpha1/namespaces/default';
const bin = await findKubernetes();

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
type Resource = z.infer<typeof resource>;

describe.skipIf(bin === undefined)('the operator on a real API server, its kubelet played by hand', () => {
  let server: ApiServer;
  let proxy: CuttingProxy;
  let kubelet: ReturnType<typeof createHandKubelet>;
  let directory: string;
  let ca: string;
  let kubeconfig: string;
  let report: { port: number; health: number };
  let operator: { stop(): Promise<void> };
  const lines: string[] = [];

  beforeAll(async () => {
    server = await startApiServer();
    proxy = await startCuttingProxy(Number(new URL(server.url).port));
    const applied = await server.kubectl([
      'apply',
      '--server-side',
      '-f',
      `${root}/charts/tapedeck/files/crds`,
    ]);
    expect(applied.stderr).toBe('');
    await server.kubectl(['wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all']);
    // A controller would make it.
    await server.kubectl(['create', 'serviceaccount', 'default']);
    kubeconfig = await makeOperatorAccount(server, `https://127.0.0.1:${proxy.port}`);
    kubelet = createHandKubelet(server, 'default');
    directory = await mkdtemp(path.join(tmpdir(), 'tapedeck-operator-'));
    ({ ca } = await makeTls(directory, ['IP:127.0.0.1']));
    report = { port: await freePort(), health: await freePort() };
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
        ports: { report: report.port, health: report.health },
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
        reportUrl: `https://127.0.0.1:${report.port}`,
      },
      abort.signal,
    );
    return {
      done,
      stop: async () => {
        abort.abort();
        await done;
      },
    };
  }

  const read = async (kind: string, name: string): Promise<Resource> =>
    resource.parse((await callApi(server, 'GET', `${group}/${kind}/${name}`)).body);
  const condition = ({ status }: Resource, type: string) =>
    status?.conditions?.find((one) => one.type === type);
  async function apply(kind: string, plural: string, name: string, spec: Json): Promise<Resource> {
    const answer = await callApi(
      server,
      'PATCH',
      `${group}/${plural}/${name}?fieldManager=test&force=true`,
      { apiVersion: 'tapedeck.dev/v1alpha1', kind, metadata: { name }, spec },
      'application/apply-patch+yaml',
    );
    expect(answer.message).toBe('');
    return resource.parse(answer.body);
  }
  const applyRecording = (name: string, spec: Json = {}) =>
    apply('Recording', 'recordings', name, {
      source: { type: 'TestCard' },
      storage: { refs: [{ name: 'team' }] },
      ...spec,
    });

  const post = (run: string, token: string | undefined, body: unknown) =>
    postReport({ port: report.port, ca }, run, token, body);

  /** What the API server says of an account's right in the namespace of the recordings. */
  async function may(namespace: string, account: string, verb: string, resource: string): Promise<boolean> {
    const [plural, ...more] = resource.split('.');
    const { body } = await callApi(server, 'POST', '/apis/authorization.k8s.io/v1/subjectaccessreviews', {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: {
        user: `system:serviceaccount:${namespace}:${account}`,
        groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
        resourceAttributes: { namespace: 'default', verb, resource: plural, group: more.join('.') },
      },
    });
    return (body.status as { allowed: boolean }).allowed;
  }

  async function startRun(name: string, number = 1, plural = 'recordings'): Promise<HandPod> {
    const { metadata } = await read(plural, name);
    const pod = await kubelet.startPod(await kubelet.job(new RegExp(`^rec-${metadata.uid}-${number}$`)));
    await pod.run();
    return pod;
  }

  it('has a storage checked by a Job with its Secret mounted, and waits while that says no', async () => {
    await apply('ExternalStorage', 'externalstorages', 'team', {
      provider: 'S3',
      s3: { bucket: 'recordings' },
      credentials: { secretRef: { name: 'team-bucket' } },
      check: { interval: '168h' },
    });
    await applyRecording('physics', { room: 'lab' });
    const pod = await kubelet.startPod(await kubelet.job(/^check-/));
    expect(pod.document).toMatchObject({
      storage: { name: 'team', credentials: { type: 'Directory', path: '/run/tapedeck/credentials/0' } },
    });
    await pod.end(
      1,
      checked(pod.document, { ready: false, reason: 'StorageDenied', message: 'It said no.' }),
    );
    await vi.waitFor(async () => {
      expect(condition(await read('externalstorages', 'team'), 'Stalled')).toMatchObject({
        status: 'True',
        reason: 'StorageDenied',
      });
    }, soon);
    await vi.waitFor(async () => {
      const ready = condition(await read('recordings', 'physics'), 'Ready');
      expect(ready).toMatchObject({ status: 'False', reason: 'StorageNotReady' });
      expect(ready?.message).toContain('StorageDenied: It said no');
    }, soon);
    // The check's Job is gone, and with it what it left.
    await vi.waitFor(async () => {
      const names = (await kubelet.jobs()).map(({ metadata }) => metadata.name);
      expect(names.filter((name) => name.startsWith('check-'))).not.toContain(pod.name.replace(/-pod$/, ''));
    }, soon);
    await pod.remove();
    const again = await kubelet.startPod(await kubelet.job(/^check-/));
    await again.end(0, checked(again.document));
    await vi.waitFor(async () => {
      expect(condition(await read('externalstorages', 'team'), 'Ready')?.status).toBe('True');
    }, soon);
    await again.remove();
  }, 60_000);

  it('checks a storage anew whose spec was edited, and says which edit its status is about', async () => {
    const edited = await apply('ExternalStorage', 'externalstorages', 'team', {
      provider: 'S3',
      s3: { bucket: 'recordings' },
      prefix: 'lessons',
      credentials: { secretRef: { name: 'team-bucket' } },
      check: { interval: '168h' },
    });
    expect(edited.metadata.generation).toBe(2);
    const pod = await kubelet.startPod(await kubelet.job(/^check-/));
    expect(condition(await read('externalstorages', 'team'), 'Ready')?.status).toBe('Unknown');
    await pod.end(0, checked(pod.document));
    await vi.waitFor(async () => {
      const team = await read('externalstorages', 'team');
      expect(team.status?.observedGeneration).toBe(2);
      expect(condition(team, 'Ready')).toMatchObject({ status: 'True', observedGeneration: 2 });
    }, soon);
    await pod.remove();
  }, 60_000);

  it('takes a storage out of service that refuses a run, until a check says otherwise', async () => {
    await applyRecording('refused');
    const run = await startRun('refused');
    expect(run.document.storages).toMatchObject([{ name: 'team', generation: 2 }]);
    const time = new Date().toISOString();
    const away = { code: 'StorageDenied', message: 'It says no.', since: time, time };
    const token = await run.token(reportAudience);
    const said = reported(run.document, 1, {
      files: [file(run.document, 'Open')],
      storages: [{ name: 'team', generation: 2, bytesStored: 0, away }],
    });
    expect((await post(String(run.document.id), token, said)).status).toBe(200);
    await vi.waitFor(async () => {
      const ready = condition(await read('externalstorages', 'team'), 'Ready');
      expect(ready).toMatchObject({ status: 'False', reason: 'StorageDenied', message: 'It says no.' });
    }, soon);
    const check = await kubelet.startPod(await kubelet.job(/^check-/));
    await check.end(0, checked(check.document));
    await vi.waitFor(async () => {
      expect(condition(await read('externalstorages', 'team'), 'Ready')?.status).toBe('True');
    }, soon);
    expect((await read('recordings', 'refused')).status?.phase).toBe('Recording');
    await check.remove();
    await callApi(server, 'DELETE', `${group}/recordings/refused`);
    await run.end(exitCodes.Complete);
    await run.remove();
  }, 60_000);

  it('records: a Job, reports over HTTPS, the state that is wanted back, and the file in the status', async () => {
    const pod = await startRun('physics');
    const { document } = pod;
    const run = String(document.id);
    expect(document).toMatchObject({
      mode: 'Record',
      report: { url: `https://127.0.0.1:${report.port}/runs/${run}/report` },
      terminationFile: '/dev/termination-log',
    });
    const token = await pod.token(reportAudience);
    const open = await post(run, token, reported(document, 1, { files: [file(document, 'Open')] }));
    expect(open).toEqual({ status: 200, body: { desired: 'Recording', intervalSeconds: 0.8 } });
    await vi.waitFor(async () => {
      const recording = await read('recordings', 'physics');
      expect(recording.status?.phase).toBe('Recording');
      expect(recording.status?.attempts?.[0]).toMatchObject({ pod: pod.name, node: 'node-1' });
    }, soon);
    await apply('Recording', 'recordings', 'physics', {
      source: { type: 'TestCard' },
      storage: { refs: [{ name: 'team' }] },
      room: 'lab',
      state: 'Stopped',
    });
    const asked = performance.now();
    let sequence = 2;
    await vi.waitFor(async () => {
      const { body } = await post(
        run,
        token,
        reported(document, sequence++, { files: [file(document, 'Open')] }),
      );
      expect(body.desired).toBe('Stopped');
    }, soon);
    expect(performance.now() - asked).toBeLessThan(5_000);
    const last = reported(document, sequence, {
      state: 'Ended',
      files: [file(document, 'Complete')],
      result: { exit: 'Complete', stopReason: 'Requested' },
    });
    // Its last word is the termination message alone: the operator might have been away.
    await pod.end(exitCodes.Complete, JSON.stringify(last));
    await vi.waitFor(async () => {
      const recording = await read('recordings', 'physics');
      expect(condition(recording, 'Complete')?.status).toBe('True');
      expect(recording.status?.phase).toBe('Uploaded');
      expect(recording.status?.outputs).toHaveLength(1);
    }, soon);
    await vi.waitFor(async () => {
      expect((await kubelet.jobs()).map(({ metadata }) => metadata.name)).not.toContain(`rec-${run}`);
    }, soon);
    const events = await server.kubectl(['get', 'events', '-o', 'json']);
    const reasons = (JSON.parse(events.stdout) as { items: { reason: string }[] }).items.map(
      ({ reason }) => reason,
    );
    expect(reasons).toEqual(
      expect.arrayContaining(['StorageDenied', 'StorageNotReady', 'Recording', 'Complete']),
    );
    await pod.remove();
  }, 60_000);

  it('copies: a Job with the Secrets of both storages, its progress and its end in the status', async () => {
    await apply('ExternalStorage', 'externalstorages', 'archive', {
      provider: 'S3',
      s3: { bucket: 'archive' },
      credentials: { secretRef: { name: 'archive-keys' } },
      check: { interval: '168h' },
    });
    const check = await kubelet.startPod(await kubelet.job(/^check-/));
    await check.end(0, checked(check.document));
    await vi.waitFor(async () => {
      expect(condition(await read('externalstorages', 'archive'), 'Ready')?.status).toBe('True');
    }, soon);
    await check.remove();
    await apply('RecordingCopy', 'recordingcopies', 'away', {
      recordingRef: { name: 'physics' },
      storage: { name: 'archive' },
      directory: 'in',
    });
    const pod = await startRun('away', 1, 'recordingcopies');
    const { document } = pod;
    const [source] = (await read('recordings', 'physics')).status?.outputs ?? [];
    // Below the storage's prefix.
    const sourceKey = source?.key.replace('lessons/', '');
    const key = `in/${sourceKey}`;
    expect(document).toMatchObject({
      mode: 'Copy',
      target: 'archive',
      storages: [
        { name: 'archive', credentials: { type: 'Directory', path: '/run/tapedeck/credentials/0' } },
        { name: 'team', credentials: { type: 'Directory', path: '/run/tapedeck/credentials/1' } },
      ],
      files: [{ key, sources: [{ storage: 'team', key: sourceKey, bytes: 3000, crc32: '00000000' }] }],
    });
    const run = String(document.id);
    const token = await pod.token(reportAudience);
    const going = reported(document, 1, { state: 'Uploading' });
    expect((await post(run, token, going)).body).toMatchObject({ desired: 'Recording' });
    await vi.waitFor(async () => {
      const copy = await read('recordingcopies', 'away');
      expect(copy.status).toMatchObject({
        phase: 'Uploading',
        progress: { bytesCopied: 2000, bytesTotal: 3000 },
        attempts: [{ pod: pod.name, node: 'node-1' }],
      });
    }, soon);
    const copied = { ...file(document, 'Complete'), key, storage: 'archive', url: `s3://archive/${key}` };
    const last = reported(document, 2, { state: 'Ended', files: [copied], result: { exit: 'Complete' } });
    await pod.end(exitCodes.Complete, JSON.stringify(last));
    await vi.waitFor(async () => {
      const copy = await read('recordingcopies', 'away');
      expect(condition(copy, 'Complete')?.status).toBe('True');
      expect(copy.status).toMatchObject({ phase: 'Uploaded', outputs: [{ key, crc32: '00000000' }] });
      expect((await kubelet.jobs()).map(({ metadata }) => metadata.name)).not.toContain(`rec-${run}`);
    }, soon);
    const shown = await server.kubectl(['get', 'recc', 'away']);
    expect(shown.stdout).toMatch(/away +Uploaded +physics +archive +2000 +3000 +True/);
    await pod.remove();
  }, 60_000);

  it('takes a report only from the live pod of its own run', async () => {
    await applyRecording('guarded');
    await applyRecording('other');
    const pod = await startRun('guarded');
    const other = await startRun('other');
    const run = String(pod.document.id);
    const body = reported(pod.document, 1);
    const token = await pod.token(reportAudience);
    const refused = async (...args: Parameters<typeof post>) => {
      const answer = await post(...args);
      return [answer.status, answer.body.code];
    };
    expect(await refused(run, undefined, body)).toEqual([401, 'NoToken']);
    expect(await refused(run, 'nonsense', body)).toEqual([401, 'ForeignToken']);
    expect(await refused(run, await pod.token('https://kubernetes.default.svc.cluster.local'), body)).toEqual(
      [401, 'ForeignToken'],
    );
    const [head = '', claims = '', signature = ''] = token.split('.');
    const forged = `${head}.${claims}.${[...signature].reverse().join('')}`;
    expect(await refused(run, forged, body)).toEqual([401, 'InvalidToken']);
    expect(await refused(run, server.expired(token), body)).toEqual([401, 'InvalidToken']);
    expect(await refused(run, await other.token(reportAudience), body)).toEqual([403, 'ForeignRun']);
    expect(await refused(run, token, { ...body, id: String(other.document.id) })).toEqual([400, 'BadReport']);
    expect(await refused(run, token, { hello: 'world' })).toEqual([400, 'BadReport']);
    const late = await pod.token(reportAudience);
    await pod.remove();
    await vi.waitFor(
      async () => expect((await refused(run, late, body))[0]).toBeGreaterThanOrEqual(401),
      soon,
    );
    const metrics = await (await fetch(`http://127.0.0.1:${report.health}/metrics`)).text();
    expect(metrics).toMatch(/tapedeck_reports_total\{result="ForeignRun"\} 1/);
    expect(metrics).toMatch(/tapedeck_recordings\{phase="Uploaded"\} 1/);
    expect(lines.join('\n')).not.toContain(token);
  }, 60_000);

  it('says why a run does not start, and goes on when it does', async () => {
    await applyRecording('waiting');
    const { metadata } = await read('recordings', 'waiting');
    const pod = await kubelet.startPod(await kubelet.job(new RegExp(`^rec-${metadata.uid}-1$`)));
    await pod.setStatus({
      phase: 'Pending',
      containerStatuses: [
        {
          name: 'recorder',
          image: 'x',
          imageID: '',
          ready: false,
          restartCount: 0,
          state: { waiting: { reason: 'ErrImagePull', message: 'not found' } },
        },
      ],
    });
    await vi.waitFor(async () => {
      expect(condition(await read('recordings', 'waiting'), 'Stalled')).toMatchObject({
        status: 'True',
        reason: 'ImageNotPulled',
      });
    }, soon);
    await pod.run();
    await post(String(pod.document.id), await pod.token(reportAudience), reported(pod.document, 1));
    await vi.waitFor(async () => {
      const recording = await read('recordings', 'waiting');
      expect(recording.status?.phase).toBe('Recording');
      expect(condition(recording, 'Stalled')?.status).toBe('False');
    }, soon);
  }, 60_000);

  it('goes on in a next attempt from what a broken one left', async () => {
    await applyRecording('broken');
    const pod = await startRun('broken');
    const token = await pod.token(reportAudience);
    await post(
      String(pod.document.id),
      token,
      reported(pod.document, 1, { files: [file(pod.document, 'Open')] }),
    );
    await pod.end(137);
    const next = await startRun('broken', 2);
    expect(next.document).toMatchObject({
      attempt: 2,
      previous: [{ state: 'Open', journal: { token: { id: 1 } } }],
    });
  }, 60_000);

  it('puts a finalizer on a Recording whose files go with it, and lets go when they are gone', async () => {
    const { metadata } = await applyRecording('tidy', { deletionPolicy: 'Delete' });
    await vi.waitFor(async () => {
      expect((await read('recordings', 'tidy')).metadata.finalizers).toEqual(['tapedeck.dev/objects']);
    }, soon);
    const pod = await startRun('tidy');
    const token = await pod.token(reportAudience);
    const complete = { files: [file(pod.document, 'Complete')], result: { exit: 'Complete' as const } };
    await post(String(pod.document.id), token, reported(pod.document, 1, { state: 'Ended', ...complete }));
    await pod.end(0);
    await vi.waitFor(
      async () => expect((await read('recordings', 'tidy')).status?.phase).toBe('Uploaded'),
      soon,
    );
    await callApi(server, 'DELETE', `${group}/recordings/tidy`);
    const removal = await kubelet.startPod(await kubelet.job(new RegExp(`^rec-${metadata.uid}-2$`)));
    expect(removal.document).toMatchObject({ mode: 'Remove', previous: [{ state: 'Complete' }] });
    const gone = reported(removal.document, 1, { state: 'Ended', files: [], result: { exit: 'Complete' } });
    await removal.end(0, JSON.stringify(gone));
    await vi.waitFor(async () => {
      expect((await callApi(server, 'GET', `${group}/recordings/tidy`)).status).toBe(404);
    }, soon);
  }, 60_000);

  it('ends the run of a Recording that is deleted, by suspending its Job', async () => {
    await applyRecording('short');
    const pod = await startRun('short');
    const token = await pod.token(reportAudience);
    const open = reported(pod.document, 1, { files: [file(pod.document, 'Open')] });
    expect((await post(String(pod.document.id), token, open)).status).toBe(200);
    await callApi(server, 'DELETE', `${group}/recordings/short`);
    await vi.waitFor(async () => {
      const job = (await kubelet.jobs()).find(({ metadata }) => metadata.name === `rec-${pod.document.id}`);
      expect(job?.spec.suspend).toBe(true);
    }, soon);
    const answer = await post(String(pod.document.id), token, { ...open, sequence: 2 });
    expect(answer.body.desired).toBe('Stopped');
    const last = reported(pod.document, 3, {
      state: 'Ended',
      files: [file(pod.document, 'Complete')],
      result: { exit: 'Interrupted' },
    });
    await post(String(pod.document.id), token, last);
    await pod.end(exitCodes.Interrupted);
    await vi.waitFor(async () => {
      const names = (await kubelet.jobs()).map(({ metadata }) => metadata.name);
      expect(names).not.toContain(`rec-${pod.document.id}`);
      const kept = await server.kubectl(['-n', operatorNamespace, 'get', 'configmaps', '-o', 'name']);
      expect(kept.stdout).not.toContain(String(pod.document.id).replace(/-1$/, ''));
    }, soon);
  }, 60_000);

  it('has put its policies where recorders run, and may touch no other', async () => {
    const all = ['-n', 'default', 'get', 'networkpolicies', '-o', 'name'];
    expect((await server.kubectl(all)).stdout.trim().split('\n').sort()).toEqual([
      'networkpolicy.networking.k8s.io/tapedeck-recorder',
      'networkpolicy.networking.k8s.io/tapedeck-recorder-identity',
    ]);
    const as = `system:serviceaccount:${operatorNamespace}:tapedeck-operator`;
    const can = async (...args: string[]) =>
      (await server.kubectl(['-n', 'default', 'auth', 'can-i', ...args, '--as', as])).code === 0;
    expect(await can('patch', 'networkpolicies/tapedeck-recorder')).toBe(true);
    expect(await can('patch', 'networkpolicies/somebody-elses')).toBe(false);
    expect(await can('create', 'networkpolicies')).toBe(false);
    expect(await can('delete', 'networkpolicies/tapedeck-recorder')).toBe(false);
  });

  it('serves every metric that the chart’s alerts and dashboard ask for', async () => {
    const text = await (await fetch(`http://127.0.0.1:${report.health}/metrics`)).text();
    const served = new Set([...text.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name));
    for (const file of ['alerts.yaml', 'dashboard.json']) {
      const asked = await readFile(`${root}/charts/tapedeck/files/monitoring/${file}`, 'utf8');
      const names = new Set(asked.match(/\btapedeck_\w+/g));
      expect(names.size, file).toBeGreaterThan(5);
      expect(
        [...names].filter((name) => !served.has(name)),
        file,
      ).toEqual([]);
    }
  });

  it('is found well by helm’s test, which leaves nothing behind', async () => {
    const lines: string[] = [];
    const say = (line: string) => void lines.push(line);
    const api = openKubeApi(await readFile(server.kubeconfig, 'utf8'));
    const { signal } = new AbortController();
    await server.kubectl(['create', 'namespace', 'unused']);
    await testRelease({ api, namespace: 'unused', seconds: 1, say }, signal);
    expect(lines.at(-1)).toContain('The operator answers');
    const left = await server.kubectl(['-n', 'unused', 'get', 'recordings', '-o', 'name']);
    expect(left.stdout).toBe('');
    const wrong = testRelease({ api, namespace: 'unused', storage: 'none', seconds: 1, say }, signal);
    await expect(wrong).rejects.toThrow('there is no ExternalStorage none in namespace unused');
  }, 60_000);

  it('may read no Secret and do nothing that it does not do', async () => {
    const can = (verb: string, resource: string) => may(operatorNamespace, operatorAccount, verb, resource);
    for (const verb of ['get', 'list', 'watch', 'create', 'patch', 'update', 'delete']) {
      expect(await can(verb, 'secrets'), verb).toBe(false);
      expect(await can(verb, 'configmaps'), verb).toBe(false);
      expect(await can(verb, 'serviceaccounts'), verb).toBe(false);
    }
    for (const verb of ['create', 'delete', 'patch']) expect(await can(verb, 'pods'), verb).toBe(false);
    expect(await can('create', 'recordings.tapedeck.dev')).toBe(false);
    expect(await can('create', 'jobs.batch')).toBe(true);
    expect(lines.filter((line) => line.includes('orbidden'))).toEqual([]);
  });

  it('leaves a recorder no right in the cluster but that of its report', async () => {
    await applyRecording('powerless');
    const pod = await startRun('powerless');
    for (const verb of ['get', 'list', 'create', 'patch', 'delete']) {
      for (const resource of ['secrets', 'configmaps', 'pods', 'jobs.batch', 'recordings.tapedeck.dev']) {
        expect(await may('default', 'default', verb, resource), `${verb} ${resource}`).toBe(false);
      }
    }
    // The one token that is in its pod is not one that the API server takes.
    const asRecorder = { url: server.url, ca: server.ca, token: await pod.token(reportAudience) };
    for (const path of [`${group}/recordings/powerless`, '/api', '/apis']) {
      expect((await callApi(asRecorder, 'GET', path)).status, path).toBe(401);
    }
    await pod.end(exitCodes.Invalid);
  }, 60_000);

  it('sees what changes after its connections were cut', async () => {
    proxy.cut();
    await applyRecording('after-the-cut');
    const { metadata } = await read('recordings', 'after-the-cut');
    await kubelet.job(new RegExp(`^rec-${metadata.uid}-1$`));
    const health = await fetch(`http://127.0.0.1:${report.health}/healthz`);
    expect(health.status).toBe(200);
  }, 60_000);

  it('stays alive while the API server is away, says that it leads no more, and leads again after it', async () => {
    const ask = async (path: string) => await fetch(`http://127.0.0.1:${report.health}${path}`);
    const leads = async () => /^tapedeck_leader (.)$/m.exec(await (await ask('/metrics')).text())?.[1];
    expect(await leads()).toBe('1');
    await server.kill();
    await vi.waitFor(async () => expect(await leads()).toBe('0'), soon);
    await vi.waitFor(() => expect(lines.some((line) => line.includes('"LeaseLost"'))).toBe(true), soon);
    expect((await ask('/healthz')).status).toBe(200);
    await server.start();
    await applyRecording('after-the-crash');
    const { metadata } = await read('recordings', 'after-the-crash');
    await kubelet.job(new RegExp(`^rec-${metadata.uid}-1$`));
    expect(await leads()).toBe('1');
  }, 120_000);

  it('leaves everything to the next one, which adopts what runs and knows its reports', async () => {
    await applyRecording('adopted');
    const pod = await startRun('adopted');
    const token = await pod.token(reportAudience);
    const open = reported(pod.document, 5, { files: [file(pod.document, 'Open')] });
    expect((await post(String(pod.document.id), token, open)).status).toBe(200);
    const before = (await kubelet.jobs()).map(({ metadata }) => metadata.uid).sort();
    await operator.stop();
    const begun = performance.now();
    operator = start('replica-2');
    await vi.waitFor(async () => {
      expect((await post(String(pod.document.id), token, { ...open, sequence: 6 })).status).toBe(200);
    }, soon);
    // The lease was given back: nobody waited for it to run out.
    expect(performance.now() - begun).toBeLessThan(15_000);
    expect((await kubelet.jobs()).map(({ metadata }) => metadata.uid).sort()).toEqual(before);
    await pod.end(137);
    const next = await startRun('adopted', 2);
    expect(next.document).toMatchObject({ previous: [{ state: 'Open', journal: { token: { id: 1 } } }] });
    const slice = await server.kubectl(['-n', operatorNamespace, 'get', 'endpointslices', '-o', 'json']);
    expect(slice.stdout).toContain('"name": "replica-2"');
  }, 60_000);

  it('keeps to the contract in what it keeps', async () => {
    const maps = await server.kubectl(['-n', operatorNamespace, 'get', 'configmaps', '-o', 'json']);
    const { items } = JSON.parse(maps.stdout) as { items: { binaryData?: Record<string, string> }[] };
    const { gunzipSync } = await import('node:zlib');
    const texts = items.flatMap(({ binaryData }) => Object.values(binaryData ?? {}));
    expect(texts.length).toBeGreaterThan(0);
    for (const text of texts) {
      runReport.parse(JSON.parse(gunzipSync(Buffer.from(text, 'base64')).toString('utf8')));
    }
    expect(await readFile(path.join(directory, 'tls.crt'), 'utf8')).toContain('CERTIFICATE');
  });
});
