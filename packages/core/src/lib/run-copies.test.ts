import { expect, it } from 'vitest';
import { countedFiles } from './run-copies.ts';

const file = (durationSeconds: number, copy?: number) => ({
  durationSeconds,
  ...(copy === undefined ? {} : { copy }),
});

it('counts everything where there are no copies', () => {
  const files = [file(1), file(2)];
  expect(countedFiles(files)).toEqual(files);
  expect(countedFiles([])).toEqual([]);
});

it('counts a recording once that has copies', () => {
  expect(countedFiles([file(4, 1), file(4, 2), file(3, 1), file(3, 2)])).toEqual([file(4, 1), file(3, 1)]);
});

it('counts the fullest copy', () => {
  expect(countedFiles([file(4, 1), file(4, 2), file(1, 1), file(3, 2)])).toEqual([file(4, 2), file(3, 2)]);
});
