import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { files, read, root } from '../repo/checkout.ts';
import { type ApiServer, startApiServer } from './api-server.ts';
import { isForeign, type Manifest, validateForeign } from './foreign-kinds.ts';
import { findKubernetes } from './kubernetes.ts';

const hookTimeoutMs = 25 * 60_000;
const there = (await findKubernetes()) !== undefined;
const examples = files.filter((path) => /^examples\/.*\.ya?ml$/.test(path));
const manifests = (path: string): Manifest[] =>
  parseAllDocuments(read(path)).flatMap((one) => ('toJS' in one ? [one.toJS() as Manifest] : []));
const all = examples.flatMap((path) => manifests(path).map((manifest) => ({ path, manifest })));

describe.skipIf(!there)('the examples, on a real API server', () => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await startApiServer();
    await server.kubectl(['apply', '--server-side', '-f', `${root}/charts/tapedeck/files/crds`]);
    await server.kubectl(['wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all']);
    const namespaces = new Set(all.map(({ manifest }) => manifest.metadata.namespace ?? 'default'));
    namespaces.delete('default');
    for (const name of namespaces) await server.kubectl(['create', 'namespace', name]);
  }, hookTimeoutMs);
  afterAll(async () => {
    await server?.stop();
  });

  it.each(examples)('%s is taken, but for what is of other projects', async (path) => {
    const ours = manifests(path).filter((one) => !isForeign(one));
    if (ours.length === 0) return;
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: ours });
    const args = ['apply', '--server-side', '--force-conflicts', '--validate=strict', '-f', '-'];
    const { code, stderr } = await server.kubectl(args, list);
    expect(code, stderr).toBe(0);
    // Several of them use one name for different things.
    await server.kubectl(['delete', '-f', '-'], list);
  });
});

const foreign = all.filter(({ manifest }) => isForeign(manifest));

it.each(foreign.map(({ path, manifest }) => [path, manifest.kind, manifest] as const))(
  '%s: the %s is as its project has it',
  (_, __, manifest) => {
    validateForeign(manifest);
  },
);

it('a document that is not as its project has it is refused', () => {
  const manifest = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Application', metadata: { name: 'a' } };
  expect(() => validateForeign(manifest)).toThrow('spec');
  expect(() => validateForeign({ ...manifest, kind: 'Rollout' })).toThrow('no schema of');
});
