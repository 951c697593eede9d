import { expect, it } from 'vitest';
import { addPending } from './pending-puts.ts';

const put = (revision: number) => ({ revision, size: revision * 10, receipt: `r${revision}` });

it('pending puts are the newest two contents, each once', () => {
  const one = addPending(undefined, put(1));
  expect(one).toEqual([put(1)]);
  expect(addPending(one, put(1))).toEqual([put(1)]);
  const two = addPending(one, put(2));
  expect(two).toEqual([put(2), put(1)]);
  expect(addPending(two, put(3))).toEqual([put(3), put(2)]);
});
