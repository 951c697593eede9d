import type { KubeApi } from '@tapedeck/kube-api';
import { afterAll, expect, it } from 'vitest';
import { createReflectorSet } from './reflector-set.ts';

const object = (namespace: string, name: string, version: number) => ({
  metadata: { namespace, name, uid: `${namespace}-${name}`, resourceVersion: String(version) },
});

const abort = new AbortController();
afterAll(() => abort.abort());

/** Each namespace holds one object; its watch stays open. */
function reflect(namespaces: readonly string[]) {
  const listed: string[] = [];
  const unasked = () => Promise.reject(new Error('not asked for'));
  const api: KubeApi = {
    call: unasked,
    apply: unasked,
    list(path, onItem) {
      listed.push(path.split('?')[0] ?? '');
      const namespace = /namespaces\/(\w+)/.exec(path)?.[1] ?? 'any';
      onItem(object(namespace, 'one', 5));
      return Promise.resolve({ resourceVersion: '7' });
    },
    watch: (_, __, signal) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
  };
  const reflector = createReflectorSet({
    api,
    namespaces,
    path: (namespace) => (namespace === undefined ? '/things' : `/namespaces/${namespace}/things`),
    read: ({ metadata }) => `${metadata.namespace}/${metadata.name}@${metadata.resourceVersion}`,
    onProblem: () => undefined,
    signal: abort.signal,
  });
  return { reflector, listed };
}

it('lists all namespaces at once where none is named', async () => {
  const { reflector, listed } = reflect([]);
  await reflector.synced;
  expect(listed).toEqual(['/things']);
  expect([...reflector.values()]).toEqual(['any/one@5']);
});

it('lists each namespace that is named, and is one copy of all of them', async () => {
  const { reflector, listed } = reflect(['a', 'b']);
  await reflector.synced;
  expect(listed.sort()).toEqual(['/namespaces/a/things', '/namespaces/b/things']);
  expect([...reflector.values()].sort()).toEqual(['a/one@5', 'b/one@5']);
  expect(reflector.size).toBe(2);
  expect(reflector.get('b', 'one')).toBe('b/one@5');
  expect(reflector.get('c', 'one')).toBeUndefined();
  expect(reflector.counts).toMatchObject({ lists: 2, failures: 0, missed: 0 });
  expect(reflector.silentMs).toBeGreaterThanOrEqual(0);
});

it('tells of all of them, and takes in what was written to any', async () => {
  const { reflector } = reflect(['a', 'b']);
  await reflector.synced;
  const told: string[] = [];
  const end = reflector.subscribe((namespace, name) => told.push(`${namespace}/${name}`));
  reflector.put(object('b', 'two', 9));
  reflector.put(object('elsewhere', 'three', 9));
  expect(told.sort()).toEqual(['a/one', 'b/one', 'b/two']);
  end();
  reflector.put(object('a', 'four', 10));
  expect(told).toHaveLength(3);
  expect(reflector.size).toBe(4);
});
