import type { ChildProcess } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from '../servers/free-port.ts';
import { findGoTool } from '../servers/tool.ts';
import { type ApiServer, endProgram, startProgram } from './api-server.ts';
import { mergePatch, mustCall } from './crowd.ts';
import { findKubernetes } from './kubernetes.ts';

/** The path of kwok, built on first use, or undefined (with a line on stderr) where it cannot be had. */
export function findKwok(): Promise<string | undefined> {
  return findGoTool({ name: 'kwok', module: 'sigs.k8s.io/kwok/cmd/kwok@v0.8.0' });
}

/** What a played kubelet does: a pod of its node runs until it is deleted, and is gone at once then. */
const stages = [
  {
    // Pods are played on nodes that have a stage.
    kind: 'Node',
    name: 'node-runs',
    selector: [{ key: '.status.phase', operator: 'NotIn', values: ['Running'] }],
    next: { statusTemplate: 'phase: Running' },
  },
  {
    kind: 'Pod',
    name: 'pod-runs',
    selector: [
      { key: '.metadata.deletionTimestamp', operator: 'DoesNotExist' },
      { key: '.status.phase', operator: 'In', values: ['Pending'] },
    ],
    next: {
      statusTemplate: [
        '{{ $now := Now }}',
        'phase: Running',
        'startTime: {{ $now | Quote }}',
        'conditions:',
        '- { type: Ready, status: "True", lastTransitionTime: {{ $now | Quote }} }',
        'containerStatuses:',
        '{{ range .spec.containers }}',
        '- { name: {{ .name | Quote }}, image: {{ .image | Quote }}, imageID: "", ready: true, restartCount: 0, state: { running: { startedAt: {{ $now | Quote }} } } }',
        '{{ end }}',
      ].join('\n'),
    },
  },
  {
    kind: 'Pod',
    name: 'pod-goes',
    selector: [{ key: '.metadata.deletionTimestamp', operator: 'Exists' }],
    next: { delete: true },
  },
].map(({ kind, name, selector, next }) => ({
  apiVersion: 'kwok.x-k8s.io/v1alpha1',
  kind: 'Stage',
  metadata: { name },
  spec: { resourceRef: { apiGroup: 'v1', kind }, selector: { matchExpressions: selector }, next },
}));

/** As many pods as a node may have in Kubernetes' own limits. */
const room = { cpu: '64', memory: '256Gi', 'ephemeral-storage': '4Ti', pods: '110' };

/**
 * Kubernetes' own Job controller, garbage collector and scheduler on an API server, with nodes that kwok plays: Jobs get
 * their pods and pods their nodes as on any cluster, but nothing runs in them. Ask `findKwok` first.
 */
export async function startPlayedNodes(server: ApiServer, nodes: number): Promise<{ stop(): Promise<void> }> {
  const [bin, kwok] = [await findKubernetes(), await findKwok()];
  if (bin === undefined || kwok === undefined) throw new Error('kwok is not there; ask findKwok first.');
  const directory = await mkdtemp(path.join(tmpdir(), 'tapedeck-nodes-'));
  const inside = (name: string) => path.join(directory, name);
  await writeFile(inside('stages.yaml'), stages.map((stage) => JSON.stringify(stage)).join('\n---\n'));
  await Promise.all(Array.from({ length: nodes }, (_, index) => makeNode(server, `played-${index}`)));
  const programs: ChildProcess[] = [];
  const start = async (program: string, ...options: readonly (readonly string[])[]) => {
    const name = path.basename(program);
    const all = [['--kubeconfig', server.kubeconfig], ...options];
    programs.push(startProgram(program, inside(`${name}.log`), all));
  };
  const component = async (name: string, ...options: readonly (readonly string[])[]) => {
    const port = ['--secure-port', String(await freePort())];
    const where = [['--bind-address', '127.0.0.1'], port, ['--cert-dir', inside(name)]];
    await start(path.join(bin, name), ...where, ['--leader-elect=false'], ...options);
  };
  await component('kube-controller-manager', ['--controllers=job-controller,garbage-collector-controller']);
  await component('kube-scheduler');
  await start(kwok, ['--config', inside('stages.yaml')], ['--manage-all-nodes']);
  return {
    async stop() {
      await Promise.all(programs.map((program) => endProgram(program)));
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function makeNode(server: ApiServer, name: string): Promise<void> {
  await mustCall(server, 'POST', '/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { name } });
  const conditions = [{ type: 'Ready', status: 'True', reason: 'Played', message: 'It is well.' }];
  const status = { capacity: room, allocatable: room, conditions };
  await mergePatch(server, `/api/v1/nodes/${name}/status`, { status });
  // A new node is not ready: who takes that away again is not there.
  await mergePatch(server, `/api/v1/nodes/${name}`, { spec: { taints: null } });
}
