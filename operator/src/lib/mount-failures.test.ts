import { ApiError, type KubeApi } from '@tapedeck/kube-api';
import { expect, it } from 'vitest';
import type { LaunchedPod } from './launched-object.ts';
import { createMountFailures } from './mount-failures.ts';

const start = Date.parse('2026-01-01T00:00:00Z');
const at = (seconds: number) => new Date(start + seconds * 1000);

function pod(
  name: string,
  more: { status?: LaunchedPod['status']; nodeName?: string; namespace?: string } = {},
): LaunchedPod {
  return {
    metadata: {
      name,
      namespace: more.namespace ?? 'a',
      uid: name,
      resourceVersion: '1',
      creationTimestamp: at(0).toISOString(),
    },
    spec: { nodeName: more.nodeName ?? 'node-1' },
    status: more.status ?? { phase: 'Pending' },
  };
}

const event = (uid: string, message: string, second: number) => ({
  metadata: { name: `${uid}-${second}`, uid: `${uid}-${second}`, resourceVersion: '1' },
  involvedObject: { uid },
  message,
  lastTimestamp: at(second).toISOString(),
});

/** A server with those events in every namespace that it does not refuse, what it was asked for, and what was told of that. */
function withEvents(events: unknown[], refused: readonly string[] = []) {
  const unasked = () => Promise.reject(new Error('not asked for'));
  const asked: string[] = [];
  const api: KubeApi = {
    call: unasked,
    apply: unasked,
    watch: unasked,
    list(path, onItem) {
      asked.push(path);
      if (refused.some((namespace) => path.includes(`/${namespace}/`)))
        return Promise.reject(new ApiError(403, 'Forbidden', 'events is forbidden'));
      events.forEach(onItem);
      return Promise.resolve({ resourceVersion: '1' });
    },
  };
  const problems: unknown[] = [];
  const failures = createMountFailures(api, (event, details) => problems.push({ event, ...details }));
  return { failures, asked, events, problems };
}

it('tells of the newest failure of a pod, once', async () => {
  const { failures } = withEvents([
    event('one', 'no key', 9),
    event('one', 'no Secret', 3),
    event('else', 'x', 9),
  ]);
  const pods = [pod('one'), pod('two')];
  expect(await failures.look(pods, at(10))).toEqual([pods[0]]);
  expect(failures.of('one')).toBe('no key');
  expect(failures.of('two')).toBeUndefined();
  expect(await failures.look(pods, at(100))).toEqual([]);
});

it('asks once for all pods of a namespace', async () => {
  const { failures, asked } = withEvents([]);
  await failures.look([pod('one'), pod('two'), pod('three')], at(10));
  expect(asked).toEqual([
    '/api/v1/namespaces/a/events?fieldSelector=involvedObject.kind%3DPod%2Creason%3DFailedMount',
  ]);
});

it('asks less and less often about a pod that goes on waiting, and hears what is new', async () => {
  const { failures, asked, events } = withEvents([event('one', 'no Secret', 3)]);
  const times: number[] = [];
  for (let second = 0; second <= 240; second += 5) {
    const before = asked.length;
    await failures.look([pod('one')], at(second));
    if (asked.length > before) times.push(second);
  }
  expect(times).toEqual([5, 10, 20, 40, 80, 140, 200]);
  events.push(event('one', 'no key', 250));
  expect(await failures.look([pod('one')], at(260))).toHaveLength(1);
  expect(failures.of('one')).toBe('no key');
});

it.each<[string, LaunchedPod]>([
  ['runs', pod('one', { status: { phase: 'Running' } })],
  ['waits for a node', { ...pod('one'), spec: {} }],
  [
    'says itself what it waits for',
    pod('one', {
      status: {
        phase: 'Pending',
        containerStatuses: [{ name: 'recorder', state: { waiting: { reason: 'ImagePullBackOff' } } }],
      },
    }),
  ],
])('does not ask about a pod that %s', async (_, one) => {
  const { failures, asked } = withEvents([event('one', 'no Secret', 3)]);
  expect(await failures.look([one], at(60))).toEqual([]);
  expect(asked).toEqual([]);
});

it('forgets a pod that is gone', async () => {
  const { failures } = withEvents([event('one', 'no Secret', 3)]);
  await failures.look([pod('one')], at(10));
  await failures.look([], at(15));
  expect(failures.of('one')).toBeUndefined();
});

it('tells of the other namespaces where one may not be read, and asks about that one less and less often', async () => {
  const { failures, asked, problems } = withEvents(
    [event('one', 'no Secret', 3), event('three', 'no key', 3)],
    ['closed'],
  );
  const pods = [pod('one'), pod('two', { namespace: 'closed' }), pod('three', { namespace: 'c' })];
  expect(await failures.look(pods, at(10))).toEqual([pods[0], pods[2]]);
  expect(problems).toEqual([
    { event: 'EventsNotRead', namespace: 'closed', message: 'ApiError: events is forbidden' },
  ]);
  for (let second = 15; second <= 75; second += 5) await failures.look(pods, at(second));
  expect(asked.filter((path) => path.includes('/closed/'))).toHaveLength(4);
});
