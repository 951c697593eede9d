import { expect, it } from 'vitest';
import { createUnitMemory } from './unit-memory.ts';

it('gives back whole units that are owned, and leaves everything else to the collector', () => {
  const memory = createUnitMemory();
  const [owned, foreign, failed, cut] = [10, 20, 30, 40].map((size) => new Uint8Array(size));
  const shared = new Uint8Array(new ArrayBuffer(50), 0, 5);
  const views = [owned, foreign, failed, cut, shared].filter((view) => view !== undefined);
  for (const unit of views) if (unit !== foreign) memory.own(unit);
  memory.disown(views.slice(2, 3));
  const pieces = views.map((view) => (view === cut ? view.subarray(0, 15) : view.subarray()));
  expect(memory.giveBack(pieces)).toBe(20 + 30 + 15 + 5);
  expect(views.map(({ length }) => length)).toEqual([0, 20, 30, 40, 5]);
});
