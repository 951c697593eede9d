import { expect, it } from 'vitest';
import { createPartKeeper } from './part-keeper.ts';
import type { PartRecord } from './part-list.ts';
import type { Spool } from './spool.ts';
import { createUnitMemory } from './unit-memory.ts';

const record = (number: number): PartRecord => ({
  number,
  offset: (number - 1) * 4,
  size: 4,
  crc32: 0,
  bytes: [Buffer.from('part')],
  revision: 1,
  sealed: true,
  suspect: false,
});

it('a head that became final meanwhile is not kept on scratch before what it speaks of', async () => {
  const written: number[] = [];
  const spool: Spool = {
    bytes: 0,
    has: () => false,
    async write({ number }) {
      written.push(number);
    },
    read: () => Promise.reject(new Error('not asked')),
    lift: () => undefined,
    remove: async () => undefined,
    clear: async () => undefined,
  };
  const keeper = createPartKeeper(spool, createUnitMemory());
  const [head, second] = [record(1), record(2)];
  const early = keeper.allToSpool([head, second]);
  head.revision++;
  await early;
  expect(written).toEqual([2]);
  await keeper.allToSpool([second, head]);
  expect(written).toEqual([2, 1]);
});
