import { type RunFile, type RunSpec, TapedeckError } from '@tapedeck/core';
import { expect, it } from 'vitest';
import { createStorageWatch } from './storage-watch.ts';

const at = (second: number) => new Date(Date.UTC(2026, 10, 21, 9, 0, second));
const storages: RunSpec['storages'] = ['first', 'second'].map((name, index) => ({
  name,
  spec: { provider: 'Local', local: { directory: '/x' } },
  generation: index + 1,
  credentials: { type: 'None' },
}));
const file = (storage: string, more: Partial<RunFile> = {}): RunFile => ({
  segment: 1,
  attempt: 2,
  key: 'a.mp4',
  storage,
  state: 'Open',
  bytes: 0,
  durationSeconds: 0,
  ...more,
});
const upload = (storage: string, bytesStored: number, sinceMs?: number) => ({
  file: file(storage),
  progress: {
    bytesAppended: 1000,
    bytesStored,
    lagSeconds: 0,
    bytesSpooled: 0,
    ...(sinceMs === undefined
      ? {}
      : { trouble: { code: 'StorageUnreachable', message: 'Nobody answers.', sinceMs } as const }),
  },
});

it('tells of each storage what it holds, when it last took something, and since when it is away', () => {
  const watch = createStorageWatch({ attempt: 2, previous: [], storages });
  expect(watch.read([], at(0))).toEqual([]);
  expect(watch.read([upload('first', 0), upload('second', 0)], at(1))).toEqual([
    { name: 'first', generation: 1, bytesStored: 0 },
    { name: 'second', generation: 2, bytesStored: 0 },
  ]);
  watch.read([upload('first', 500), upload('second', 0)], at(2));
  const since = at(2).getTime();
  expect(watch.read([upload('first', 500), upload('second', 0, since)], at(4))).toEqual([
    { name: 'first', generation: 1, bytesStored: 500, storedTime: at(2).toISOString() },
    {
      name: 'second',
      generation: 2,
      bytesStored: 0,
      away: {
        code: 'StorageUnreachable',
        message: 'Nobody answers.',
        since: at(2).toISOString(),
        time: at(4).toISOString(),
      },
    },
  ]);
});

it('keeps in mind what was left for another storage, until it takes something again', () => {
  const watch = createStorageWatch({ attempt: 2, previous: [], storages });
  watch.lose('first', new TapedeckError('StorageDenied', 'No.'), at(3));
  const time = at(3).toISOString();
  expect(watch.read([upload('second', 10)], at(9))).toMatchObject([
    { name: 'first', away: { code: 'StorageDenied', since: time, time } },
    { name: 'second', storedTime: at(9).toISOString() },
  ]);
  expect(watch.read([upload('first', 10), upload('second', 10)], at(10))[0]).not.toHaveProperty('away');
});

it('does not take what earlier attempts delivered for something new', () => {
  const before = file('first', { attempt: 1, state: 'Complete', bytes: 700 });
  const open = file('second', { attempt: 1 });
  const watch = createStorageWatch({ attempt: 2, previous: [before, open], storages });
  const tracked = (each: RunFile) => ({ file: each, progress: undefined });
  expect(watch.read([tracked(before), tracked(open)], at(1))).toEqual([]);
  const completed: RunFile = { ...open, state: 'Complete', bytes: 300 };
  expect(watch.read([tracked(before), tracked(completed)], at(2))).toEqual([
    { name: 'second', generation: 2, bytesStored: 300, storedTime: at(2).toISOString() },
  ]);
});
