import { expect, it } from 'vitest';
import { createSourceEnd } from './source-end.ts';

const marks = [0, 2, 4, 6, 8].map((seconds) => ({ mark: `at ${seconds}`, seconds }));
const places = (end: ReturnType<ReturnType<typeof createSourceEnd>['at']>) =>
  end?.marks.map(({ mark, seconds }) => `${mark} is ${seconds}`);

it('tells the marks at their places in the file', () => {
  const end = createSourceEnd();
  end.at(marks.slice(0, 2), { shiftSeconds: 1, startSeconds: 0, endSeconds: 1 });
  expect(places(end.at(marks, { shiftSeconds: 1, startSeconds: 1, endSeconds: 5 }))).toEqual([
    'at 2 is 1',
    'at 4 is 3',
  ]);
});

it('tells only those since a pause, for what came before has another shift', () => {
  const end = createSourceEnd();
  end.at(marks, { shiftSeconds: 0, startSeconds: 0, endSeconds: 3 });
  expect(places(end.at(marks, { shiftSeconds: 3, startSeconds: 3, endSeconds: 6 }))).toEqual([
    'at 6 is 3',
    'at 8 is 5',
  ]);
});

it('tells nothing of a source without marks', () => {
  expect(createSourceEnd().at([], { shiftSeconds: 0, startSeconds: 0, endSeconds: 1 })).toBeUndefined();
});
