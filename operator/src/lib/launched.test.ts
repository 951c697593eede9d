import type { KubeApi, WatchEvent } from '@tapedeck/kube-api';
import { afterAll, expect, it } from 'vitest';
import { createLaunched } from './launched.ts';
import { runLabels } from './run-labels.ts';

const hourMs = 3_600_000;
const abort = new AbortController();
afterAll(() => abort.abort());

/** Jobs and pods of runs as a server would tell of them, and a clock that is set. */
async function startLaunched() {
  const tellers = new Map<string, (event: WatchEvent) => void>();
  const unasked = () => Promise.reject(new Error('not asked for'));
  const api: KubeApi = {
    call: unasked,
    apply: unasked,
    list: () => Promise.resolve({ resourceVersion: '1' }),
    watch(path, onEvent, signal) {
      tellers.set(/(\w+)\?/.exec(path)?.[1] ?? '', onEvent);
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    },
  };
  const clock = { ms: 0 };
  const launched = createLaunched({
    api,
    onProblem: (event) => expect.fail(event),
    signal: abort.signal,
    now: () => clock.ms,
  });
  await launched.synced;
  await expect.poll(() => tellers.size).toBe(2);
  let version = 1;
  const tell = (resource: 'jobs' | 'pods', type: WatchEvent['type'], run: string, more: object = {}) => {
    version += 1;
    tellers.get(resource)?.({
      type,
      object: {
        metadata: {
          name: `rec-${run}`,
          namespace: 'a',
          uid: `${resource}-${run}`,
          resourceVersion: String(version),
          labels: { [runLabels.run]: run, [runLabels.recording]: `of-${run}` },
        },
        spec: {},
        ...more,
      },
    });
  };
  const end = (run: string) => {
    tell('jobs', 'ADDED', run);
    tell('pods', 'ADDED', run, { status: { phase: 'Succeeded' } });
  };
  const remove = (run: string) => {
    tell('pods', 'DELETED', run);
    tell('jobs', 'DELETED', run);
  };
  return { launched, clock, tell, end, remove };
}

it('keeps how a pod ended when it is gone with its Job, for whoever could not look yet', async () => {
  const { launched, clock, end, remove } = await startLaunched();
  end('one');
  remove('one');
  clock.ms += hourMs - 1;
  end('two');
  remove('two');
  expect(launched.podsOf('one')).toHaveLength(1);
  expect(launched.job('one')).toBeUndefined();
});

it('lets go of what ended more than an hour ago and is not there any more, though nobody said to forget it', async () => {
  const { launched, clock, end, remove } = await startLaunched();
  end('one');
  remove('one');
  clock.ms += hourMs;
  end('two');
  expect(launched.podsOf('one')).toHaveLength(1);
  remove('two');
  expect(launched.podsOf('one')).toEqual([]);
  expect(launched.podsOf('two')).toHaveLength(1);
});

it('keeps it for as long as its Job or a pod is there', async () => {
  const { launched, clock, tell, end, remove } = await startLaunched();
  end('one');
  tell('pods', 'DELETED', 'one');
  clock.ms += hourMs;
  end('two');
  remove('two');
  expect(launched.podsOf('one')).toHaveLength(1);
  tell('jobs', 'DELETED', 'one');
  clock.ms += hourMs - 1;
  end('three');
  remove('three');
  expect(launched.podsOf('one')).toHaveLength(1);
});

it('forgets at once when it is told to', async () => {
  const { launched, end, remove } = await startLaunched();
  end('one');
  remove('one');
  launched.forget('one');
  expect(launched.podsOf('one')).toEqual([]);
});
