import { ApiError, type KubeApi } from '@tapedeck/kube-api';
import { afterAll, afterEach, expect, it, vi } from 'vitest';
import { createReflectorSet, type ReflectorSet } from './reflector-set.ts';

const object = (namespace: string, name: string, version: number) => ({
  metadata: { namespace, name, uid: `${namespace}-${name}`, resourceVersion: String(version) },
});

const abort = new AbortController();
afterAll(() => abort.abort());
afterEach(() => void vi.restoreAllMocks());

/** Each namespace holds one object, unless it is among those that are gone; its watch stays open. */
function reflect(
  namespaces: readonly string[],
  gone: ReadonlySet<string> = new Set(),
  after: readonly ReflectorSet<unknown>[] = [],
) {
  // Back-off without its chance and nearly without its time.
  vi.spyOn(Math, 'random').mockReturnValue(-0.99);
  const listed: string[] = [];
  const unasked = () => Promise.reject(new Error('not asked for'));
  const api: KubeApi = {
    call: unasked,
    apply: unasked,
    list(path, onItem) {
      listed.push(path.split('?')[0] ?? '');
      const namespace = /namespaces\/(\w+)/.exec(path)?.[1] ?? 'any';
      if (gone.has(namespace)) return Promise.reject(new ApiError(403, 'Forbidden', 'no role there'));
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
    after,
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

it('goes on with the others where a namespace is refused, and takes it up when it is back', async () => {
  const gone = new Set(['b']);
  const { reflector } = reflect(['a', 'b'], gone);
  await reflector.synced;
  expect([...reflector.values()]).toEqual(['a/one@5']);
  expect(reflector.refusal).toBe('no role there');
  expect(reflector.members.get('a')?.refusal).toBeUndefined();
  const told: string[] = [];
  reflector.subscribe((namespace, name) => told.push(`${namespace}/${name}`));
  gone.clear();
  await vi.waitFor(() => expect(told).toEqual(['a/one', 'b/one']), { timeout: 5_000 });
  expect(reflector.refusal).toBeUndefined();
});

it('is not synced where it may read none of them', async () => {
  const gone = new Set(['a', 'b']);
  const { reflector } = reflect(['a', 'b'], gone);
  let synced = false;
  void reflector.synced.then(() => {
    synced = true;
  });
  await reflector.settled;
  await new Promise((resolve) => setImmediate(resolve));
  expect(synced).toBe(false);
  gone.delete('b');
  await vi.waitFor(() => expect(synced).toBe(true), { timeout: 5_000 });
});

it('lists a namespace after what it is to come after, and does not wait for one that is refused', async () => {
  const gone = new Set(['b']);
  const jobs = reflect(['a', 'b'], gone);
  const { reflector, listed } = reflect(['a', 'b'], new Set(), [jobs.reflector]);
  await reflector.synced;
  expect([...reflector.values()]).toEqual(['a/one@5']);
  expect(listed).toEqual(['/namespaces/a/things']);
  gone.clear();
  await vi.waitFor(() => expect(reflector.size).toBe(2), { timeout: 5_000 });
});
