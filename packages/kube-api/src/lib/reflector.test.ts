import { afterEach, expect, it, vi } from 'vitest';
import { ApiError } from './api-error.ts';
import type { KubeApi } from './kube-api.ts';
import type { WatchEvent } from './kubernetes-object.ts';
import { createReflector } from './reflector.ts';

const object = (name: string, version: number, uid = name) => ({
  metadata: { name, namespace: 'a', uid, resourceVersion: String(version) },
});
/** It ends with the error, where there is one. */
type List = { items: unknown[]; version: number; error?: ApiError };

/** An API server by script: each list and each watch takes the next step, the last watch stays open. */
function scripted(
  lists: readonly (List | ApiError)[],
  watches: readonly (readonly WatchEvent[] | ApiError)[],
) {
  const paths: string[] = [];
  let list = 0;
  let watch = 0;
  const api: KubeApi = {
    call: () => Promise.reject(new Error('not asked for')),
    apply: () => Promise.reject(new Error('not asked for')),
    list(path, onItem) {
      paths.push(path);
      const step = lists[Math.min(list++, lists.length - 1)];
      if (step === undefined || step instanceof ApiError)
        return Promise.reject(step ?? new Error('no script'));
      const { items, version, error } = step;
      for (const item of items) onItem(item);
      if (error !== undefined) return Promise.reject(error);
      return Promise.resolve({ resourceVersion: String(version) });
    },
    async watch(path, onEvent, signal) {
      paths.push(path);
      const step = watches[watch++];
      if (step instanceof ApiError) throw step;
      if (step === undefined) {
        await new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('ended'))));
        return;
      }
      for (const event of step) onEvent(event);
    },
  };
  return { api, paths };
}

const stop: AbortController[] = [];
afterEach(() => {
  for (const one of stop.splice(0)) one.abort();
  vi.restoreAllMocks();
});

function reflect(api: KubeApi, after: Promise<unknown> = Promise.resolve()) {
  const abort = new AbortController();
  stop.push(abort);
  const problems: string[] = [];
  // Back-off without its chance and nearly without its time.
  vi.spyOn(Math, 'random').mockReturnValue(-0.99);
  const reflector = createReflector({
    api,
    path: '/things',
    read: ({ metadata, bad }) => (bad === true ? undefined : `${metadata.name}@${metadata.resourceVersion}`),
    onProblem: (event) => void problems.push(event),
    after,
    signal: abort.signal,
  });
  return { reflector, problems };
}

it('lists, then goes on from where the list ended', async () => {
  const { api, paths } = scripted([{ items: [object('x', 1), object('y', 2)], version: 5 }], []);
  const { reflector } = reflect(api);
  await reflector.synced;
  expect([...reflector.values()]).toEqual(['x@1', 'y@2']);
  await vi.waitFor(() => expect(paths.at(-1)).toContain('resourceVersion=5'));
});

it('keeps what is newest, whatever the order it comes in', async () => {
  const { api } = scripted(
    [{ items: [object('x', 9)], version: 9 }],
    [
      [
        { type: 'MODIFIED', object: object('x', 12) },
        { type: 'MODIFIED', object: object('x', 10) },
      ],
    ],
  );
  const { reflector } = reflect(api);
  await vi.waitFor(() => expect(reflector.get('a', 'x')).toBe('x@12'));
  reflector.put(object('x', 100));
  expect(reflector.get('a', 'x')).toBe('x@100');
  reflector.put(object('x', 99));
  expect(reflector.get('a', 'x')).toBe('x@100');
});

it('takes another of the same name for another, and does not let the first one’s end end it', async () => {
  const { api } = scripted(
    [{ items: [object('x', 9, 'old')], version: 9 }],
    [
      [
        { type: 'ADDED', object: object('x', 20, 'new') },
        { type: 'DELETED', object: object('x', 21, 'old') },
      ],
    ],
  );
  const { reflector } = reflect(api);
  await vi.waitFor(() => expect(reflector.get('a', 'x')).toBe('x@20'));
});

it('goes on after a reset, a refusal, and a list that fails', async () => {
  const reset = new ApiError(0, 'Unreachable', 'ECONNRESET');
  const busy = new ApiError(500, 'InternalError', 'etcd is away');
  const { api, paths } = scripted(
    // Each in one piece and then in pages.
    [busy, busy, busy, busy, { items: [object('x', 1)], version: 5 }],
    [reset, busy, [{ type: 'ADDED', object: object('y', 6) }]],
  );
  const { reflector } = reflect(api);
  await vi.waitFor(() => expect(reflector.get('a', 'y')).toBe('y@6'), { timeout: 5_000 });
  // The watch that ended at once is one of them.
  await vi.waitFor(() => expect(reflector.counts.failures).toBe(5));
  expect(paths.filter((path) => !path.includes('watch'))).toHaveLength(5);
  await vi.waitFor(() => expect(paths.at(-1)).toContain('resourceVersion=6'));
});

it('lists anew where its place is not kept any more, and tells of what went meanwhile', async () => {
  const gone: WatchEvent = { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } };
  const { api } = scripted(
    [
      { items: [object('x', 1), object('y', 2)], version: 5 },
      { items: [object('y', 2), object('z', 8)], version: 9 },
    ],
    [[gone]],
  );
  const { reflector } = reflect(api);
  const told: string[] = [];
  await reflector.synced;
  reflector.subscribe((_, name) => told.push(name));
  await vi.waitFor(() => expect([...reflector.values()]).toEqual(['y@2', 'z@8']));
  expect(told).toEqual(['x', 'y', 'z', 'x']);
  expect(reflector.counts.missed).toBe(2);
});

it('drops what went between a list that broke off and the one that was begun anew', async () => {
  const error = new ApiError(0, 'Unreachable', 'ECONNRESET');
  const { api } = scripted(
    [
      { items: [object('x', 1), object('y', 2)], version: 5, error },
      { items: [object('y', 2)], version: 9 },
    ],
    [],
  );
  const { reflector } = reflect(api);
  await reflector.synced;
  expect([...reflector.values()]).toEqual(['y@2']);
});

it('keeps what it had of an object that it cannot read', async () => {
  const { api } = scripted(
    [{ items: [object('x', 1)], version: 5 }],
    [[{ type: 'MODIFIED', object: { ...object('x', 7), bad: true } }]],
  );
  const { reflector, problems } = reflect(api);
  await vi.waitFor(() => expect(problems).toContain('ObjectUnreadable'));
  expect(reflector.get('a', 'x')).toBe('x@1');
});

it('has watches end, as a sign of life, before two minutes without one count as death', async () => {
  const { api, paths } = scripted([{ items: [], version: 5 }], []);
  const { reflector } = reflect(api);
  await reflector.synced;
  await vi.waitFor(() => expect(paths).toHaveLength(2));
  const seconds = Number(new URLSearchParams(paths[1]?.split('?')[1]).get('timeoutSeconds'));
  expect(seconds).toBeGreaterThan(0);
  expect(seconds).toBeLessThan(120);
});

it('waits longer and longer for a server whose watches end at once', async () => {
  const { api, paths } = scripted([{ items: [], version: 5 }], [[], [], [], []]);
  const { reflector, problems } = reflect(api);
  await vi.waitFor(() => expect(paths).toHaveLength(6));
  await vi.waitFor(() => expect(reflector.counts.failures).toBe(4));
  expect(problems).toContain('WatchBroken');
});

it('says once that it is refused, counts as settled when that is repeated, and takes up what comes back', async () => {
  const gone = new ApiError(403, 'Forbidden', 'things is forbidden');
  const { api } = scripted([gone, gone, gone, gone, { items: [object('x', 1)], version: 5 }], []);
  const { reflector, problems } = reflect(api);
  let synced = false;
  void reflector.synced.then(() => {
    synced = true;
  });
  await reflector.settled;
  expect(synced).toBe(false);
  expect(reflector.refusal).toBe('things is forbidden');
  await vi.waitFor(() => expect(reflector.get('a', 'x')).toBe('x@1'), { timeout: 5_000 });
  expect(reflector.refusal).toBeUndefined();
  expect(problems).toEqual(['WatchRefused', 'WatchRestored']);
});

const noAnswer = new ApiError(0, 'Unreachable', 'ECONNREFUSED');
const forbidden = new ApiError(403, 'Forbidden', 'things is forbidden');
it.each([[[noAnswer, noAnswer]], [[noAnswer, forbidden, forbidden, noAnswer]]])(
  'does not count other failures as refusals',
  async (before) => {
    const refusals = [forbidden, forbidden, forbidden];
    const { api } = scripted([...before, ...refusals, { items: [], version: 5 }], []);
    const { reflector } = reflect(api);
    await reflector.settled;
    expect(reflector.counts.failures).toBe(before.length + refusals.length);
  },
);

it('lists anew what a watch was refused, and keeps what it knew until then', async () => {
  const gone = new ApiError(403, 'Forbidden', 'things is forbidden');
  const { api } = scripted(
    [{ items: [object('x', 1)], version: 5 }, gone, gone, { items: [object('y', 8)], version: 9 }],
    [gone],
  );
  const { reflector } = reflect(api);
  await reflector.synced;
  const told: string[] = [];
  reflector.subscribe((_, name) => told.push(`${name} while ${reflector.refusal ?? 'read'}`));
  await vi.waitFor(() => expect([...reflector.values()]).toEqual(['y@8']), { timeout: 5_000 });
  // What went is known of the list that worked again.
  expect(told).toEqual(['x while read', 'y while things is forbidden', 'x while things is forbidden']);
  expect(reflector.refusal).toBeUndefined();
});

it('is silent, and not stuck, while nobody answers', async () => {
  const away = new ApiError(0, 'Unreachable', 'ECONNREFUSED');
  const { api } = scripted([away], []);
  const { reflector } = reflect(api);
  await vi.waitFor(() => expect(reflector.counts.failures).toBeGreaterThan(8), { timeout: 5_000 });
  expect(reflector.stuckMs).toBeLessThan(reflector.silentMs);
  expect(reflector.refusal).toBeUndefined();
});

it('begins after what it is to come after', async () => {
  const { api, paths } = scripted([{ items: [object('x', 1)], version: 5 }], []);
  const first = Promise.withResolvers<void>();
  const { reflector } = reflect(api, first.promise);
  await new Promise((resolve) => setImmediate(resolve));
  expect(paths).toEqual([]);
  expect(reflector.stuckMs).toBe(0);
  first.resolve();
  await reflector.synced;
});
