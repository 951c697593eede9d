import { readFile } from 'node:fs/promises';
import { openKubeApi } from '@tapedeck/kube-api';
import { testRelease } from '@tapedeck/operator';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { root } from '../repo/checkout.ts';
import { findKubernetes } from './kubernetes.ts';
import { soon, useOperatorStage } from './operator-stage.ts';

const there = (await findKubernetes()) !== undefined;

describe.skipIf(!there)('the operator as whoever runs it sees it, on a real API server', () => {
  const stage = useOperatorStage();
  beforeAll(
    async () => await vi.waitFor(async () => expect((await stage.get('/readyz')).ok).toBe(true), soon),
    60_000,
  );

  it('serves every metric that the chart’s alerts and dashboard ask for', async () => {
    const text = await stage.metrics();
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
    const api = openKubeApi(await readFile(stage.server.kubeconfig, 'utf8'));
    const { signal } = new AbortController();
    await stage.server.kubectl(['create', 'namespace', 'unused']);
    await testRelease({ api, namespace: 'unused', seconds: 1, say }, signal);
    expect(lines.at(-1)).toContain('The operator answers');
    const left = await stage.server.kubectl(['-n', 'unused', 'get', 'recordings', '-o', 'name']);
    expect(left.stdout).toBe('');
    const wrong = testRelease({ api, namespace: 'unused', storage: 'none', seconds: 1, say }, signal);
    await expect(wrong).rejects.toThrow('there is no ExternalStorage none in namespace unused');
  }, 60_000);
});
