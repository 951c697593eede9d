import { expect, it } from 'vitest';
import { ApiError } from './api-error.ts';
import { listObjects } from './object-list.ts';

interface Answer {
  readonly items: readonly string[];
  /** Where its next page is. */
  readonly next?: string;
  /** How it ends; absent: well. */
  readonly error?: ApiError;
}

/** A list of a server that answers like that, one answer after the other. */
async function list(answers: readonly Answer[], params: Readonly<Record<string, string>> = {}) {
  const unasked = () => Promise.reject(new Error('not asked for'));
  const paths: string[] = [];
  const tries: unknown[][] = [];
  const outcome = await listObjects({
    api: {
      call: unasked,
      apply: unasked,
      watch: unasked,
      async list(path, onItem) {
        const answer = answers[paths.push(path) - 1];
        for (const item of answer?.items ?? []) onItem(item);
        if (answer?.error !== undefined) throw answer.error;
        return { resourceVersion: '7', continue: answer?.next ?? '' };
      },
    },
    path: '/things',
    params,
    onBegin: () => tries.push([]),
    onItem: (item) => tries.at(-1)?.push(item),
    signal: new AbortController().signal,
  }).catch((error: unknown) => error);
  return { paths, tries, outcome };
}

it('asks for everything at once', async () => {
  expect(await list([{ items: ['a', 'b'] }])).toEqual({
    paths: ['/things'],
    tries: [['a', 'b']],
    outcome: '7',
  });
});

it('asks for what carries the labels', async () => {
  expect((await list([{ items: [] }], { labelSelector: 'a=b' })).paths).toEqual([
    '/things?labelSelector=a%3Db',
  ]);
});

it('asks for the rest of a server that gives less than everything', async () => {
  expect(await list([{ items: ['a'], next: 'more' }, { items: ['b'] }])).toEqual({
    paths: ['/things', '/things?continue=more'],
    tries: [['a', 'b']],
    outcome: '7',
  });
});

it.each([new ApiError(0, 'Unreachable', 'GET /things: aborted'), new ApiError(504, 'Timeout', 'too much')])(
  'asks for pages where that breaks off: $status',
  async (error) => {
    const answers = [{ items: ['a'], error }, { items: ['a', 'b'], next: 'more' }, { items: ['c'] }];
    const { paths, tries, outcome } = await list(answers);
    expect(paths).toEqual(['/things', '/things?limit=500', '/things?limit=500&continue=more']);
    expect(tries).toEqual([['a'], ['a', 'b', 'c']]);
    expect(outcome).toBe('7');
  },
);

it('asks for pages where nothing came in time', async () => {
  const error = new ApiError(0, 'Timeout', 'GET /things: nothing came for 30 s');
  const { paths, outcome } = await list([{ items: [], error }, { items: [] }]);
  expect(paths).toEqual(['/things', '/things?limit=500']);
  expect(outcome).toBe('7');
});

it.each([
  new ApiError(0, 'Unreachable', 'GET /things: ECONNREFUSED'),
  new ApiError(403, 'Forbidden', 'no'),
  new ApiError(410, 'Expired', 'too old'),
  new ApiError(429, 'TooManyRequests', 'later'),
])('takes no for an answer: $status', async (error) => {
  const { paths, outcome } = await list([{ items: [], error }]);
  expect(paths).toEqual(['/things']);
  expect(outcome).toBe(error);
});

it('does not ask for more where a later page is put off', async () => {
  const error = new ApiError(429, 'TooManyRequests', 'later');
  const { paths, outcome } = await list([
    { items: ['a'], next: 'more' },
    { items: [], error },
  ]);
  expect(paths).toEqual(['/things', '/things?continue=more']);
  expect(outcome).toBe(error);
});
