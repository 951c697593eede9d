import type { RunFile } from '@tapedeck/core';
import { expect, it } from 'vitest';
import { brokenSegments } from './join-attempts.ts';

const file = (segment: number, attempt: number, more: Partial<RunFile> = {}): RunFile => ({
  segment,
  attempt,
  key: `k_${segment}_${attempt}`,
  storage: 'here',
  state: 'Complete',
  crc32: '00c0ffee',
  bytes: 1,
  durationSeconds: 1,
  ...more,
});
const keys = (segments: readonly (readonly RunFile[])[]) =>
  segments.map((pieces) => pieces.map(({ key }) => key));

it('joins what several attempts wrote of a segment, and nothing else', () => {
  expect(keys(brokenSegments([file(1, 1), file(2, 1), file(2, 2), file(3, 2)]))).toEqual([
    ['k_2_1', 'k_2_2'],
  ]);
  expect(brokenSegments([file(1, 1), file(2, 1)])).toEqual([]);
});

it('joins for itself what follows each other in one storage', () => {
  const { crc32: _, ...broken } = file(1, 1, { storage: 'there' });
  expect(keys(brokenSegments([broken, file(1, 2), file(1, 3)]))).toEqual([['k_1_1'], ['k_1_2', 'k_1_3']]);
  expect(keys(brokenSegments([broken, file(1, 2), file(1, 3, { storage: 'there' })]))).toEqual([['k_1_1']]);
});

it('joins each copy for itself', () => {
  const copies = [1, 2].flatMap((copy) =>
    [1, 2].map((attempt) => file(1, attempt, { copy, storage: `place-${copy}` })),
  );
  expect(brokenSegments(copies).map((pieces) => pieces.map(({ storage }) => storage))).toEqual([
    ['place-1', 'place-1'],
    ['place-2', 'place-2'],
  ]);
  expect(brokenSegments([file(1, 1, { copy: 1 }), file(1, 1, { copy: 2, storage: 'there' })])).toEqual([]);
});

it('leaves a segment alone that is not whole, or lies in two storages', () => {
  expect(brokenSegments([file(1, 1, { state: 'Open' }), file(1, 2)])).toEqual([]);
  expect(brokenSegments([file(1, 1, { storage: 'there' }), file(1, 2)])).toEqual([]);
});

it('are those too that one attempt left without an index', () => {
  const { crc32: _, ...broken } = file(1, 1);
  expect(keys(brokenSegments([broken, file(2, 2)]))).toEqual([['k_1_1']]);
});
