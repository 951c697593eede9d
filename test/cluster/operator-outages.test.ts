import { reportAudience } from '@tapedeck/operator';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { file, reported } from './hand-report.ts';
import { findKubernetes } from './kubernetes.ts';
import { operatorNamespace } from './operator-rights.ts';
import { soon, useOperatorStage } from './operator-stage.ts';

const there = (await findKubernetes()) !== undefined;

describe.skipIf(!there)('the operator’s outages, on a real API server', () => {
  const stage = useOperatorStage();
  beforeAll(async () => await stage.readyStorage('team'), 100_000);

  it('sees what changes after its connections were cut', async () => {
    stage.proxy.cut();
    await stage.applyRecording('after-the-cut');
    const { metadata } = await stage.read('recordings', 'after-the-cut');
    await stage.kubelet.job(new RegExp(`^rec-${metadata.uid}-1$`));
    const health = await stage.get('/healthz');
    expect(health.status).toBe(200);
  }, 90_000);

  it('stays alive while the API server is away, says that it leads no more, and leads again after it', async () => {
    const ask = async (path: string) => await fetch(`http://127.0.0.1:${stage.ports.health}${path}`);
    const leads = async () => /^tapedeck_leader (.)$/m.exec(await (await ask('/metrics')).text())?.[1];
    expect(await leads()).toBe('1');
    await stage.server.kill();
    await vi.waitFor(async () => expect(await leads()).toBe('0'), soon);
    await vi.waitFor(() => expect(stage.lines.some((line) => line.includes('"LeaseLost"'))).toBe(true), soon);
    expect((await ask('/healthz')).status).toBe(200);
    await stage.server.start();
    await stage.applyRecording('after-the-crash');
    const { metadata } = await stage.read('recordings', 'after-the-crash');
    await stage.kubelet.job(new RegExp(`^rec-${metadata.uid}-1$`));
    expect(await leads()).toBe('1');
  }, 220_000);

  it('leaves everything to the next one, which adopts what runs and knows its reports', async () => {
    await stage.applyRecording('adopted');
    const pod = await stage.startRun('adopted');
    const token = await pod.token(reportAudience);
    const open = reported(pod.document, 5, { files: [file(pod.document, 'Open')] });
    expect((await stage.post(String(pod.document.id), token, open)).status).toBe(200);
    const before = (await stage.kubelet.jobs()).map(({ metadata }) => metadata.uid).sort();
    expect(await stage.leader()).toMatch(/^replica-1_/);
    await stage.stopOperator();
    // Nobody waits for it to run out.
    expect(await stage.leader()).toBe('');
    stage.startOperator('replica-2');
    await vi.waitFor(async () => {
      expect((await stage.post(String(pod.document.id), token, { ...open, sequence: 6 })).status).toBe(200);
    }, soon);
    expect((await stage.kubelet.jobs()).map(({ metadata }) => metadata.uid).sort()).toEqual(before);
    await pod.end(137);
    const next = await stage.startRun('adopted', 2);
    expect(next.document).toMatchObject({ previous: [{ state: 'Open', journal: { token: { id: 1 } } }] });
    const slice = await stage.server.kubectl([
      '-n',
      operatorNamespace,
      'get',
      'endpointslices',
      '-o',
      'json',
    ]);
    expect(slice.stdout).toContain('"name": "replica-2"');
  }, 180_000);

  it('gives the Lease back where it cannot say that it leads, and tries again', async () => {
    const kubectl = async (args: readonly string[], stdin?: string) => {
      const { code, stdout, stderr } = await stage.server.kubectl(['-n', operatorNamespace, ...args], stdin);
      if (code !== 0) throw new Error(stderr);
      return stdout;
    };
    const name = (await kubectl(['get', 'endpointslices', '-o', 'name'])).trim();
    await kubectl(['delete', name]);
    // The kind of its addresses is never changed: the leader's own are refused.
    const foreign = {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: name.split('/')[1] },
      addressType: 'IPv6',
      endpoints: [],
    };
    await kubectl(['create', '-f', '-'], JSON.stringify(foreign));
    const failures = () => stage.lines.filter((line) => line.includes('"LeadingFailed"')).length;
    const before = failures();
    await stage.stopOperator();
    stage.startOperator('replica-3');
    await vi.waitFor(() => expect(failures()).toBeGreaterThan(before + 1), soon);
    await kubectl(['delete', name]);
    await vi.waitFor(async () => expect(await stage.metrics()).toMatch(/^tapedeck_leader 1$/m), soon);
    expect(await kubectl(['get', name, '-o', 'json'])).toContain('"name": "replica-3"');
  }, 90_000);
});
