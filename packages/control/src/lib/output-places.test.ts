import type { RecordingOutput } from '@tapedeck/core';
import { expect, it } from 'vitest';
import { outputPlaces } from './output-places.ts';

const output = (storage: string, segment = 1): RecordingOutput => ({
  type: 'File',
  key: `${segment}.mp4`,
  bytes: 1,
  duration: '1s',
  storage,
  segment,
});

it.each([
  [[output('a')], 'The file is in a.'],
  [[output('a'), output('a', 2)], 'All 2 files are in a.'],
  [[output('a'), output('b')], 'A copy of the file is in each of a and b.'],
  [
    [output('a'), output('b'), output('c'), output('a', 2), output('b', 2), output('c', 2)],
    'Copies of all 2 files are in each of a, b and c.',
  ],
  [[output('a'), output('a', 2), output('b', 3)], 'All 3 files are there: 2 in a and 1 in b.'],
  [[output('a'), output('b', 2)], 'All 2 files are there: 1 in a and 1 in b.'],
])('%#', (outputs, sentence) => {
  expect(outputPlaces(outputs)).toBe(sentence);
});
