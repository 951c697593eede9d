import { describe, expect, it } from 'vitest';
import { journalLayouts } from './journal-layouts.ts';

const part = (number: number, offset: number, size: number, receipt = `r${number}`) => ({
  number,
  offset,
  size,
  receipt,
});
const receipts = (...args: Parameters<typeof journalLayouts>) =>
  journalLayouts(...args).map((layout) => layout.map((one) => one.receipt).join(' '));

describe('what an upload may consist of', () => {
  const parts = [part(1, 0, 100), part(2, 100, 100), part(3, 200, 40)];

  it('is what the journal says, or that without its last parts', () => {
    expect(receipts({ parts }, [])).toEqual(['r1 r2 r3', 'r1 r2', 'r1']);
    expect(receipts({ parts: [] }, [])).toEqual([]);
  });

  it('has the newest of a part first, then those without an answer before, then what was answered', () => {
    const pending = [part(3, 200, 80, 'newer'), part(3, 200, 60, 'new')];
    expect(receipts({ parts, pending }, [])).toEqual(['r1 r2 newer', 'r1 r2 new', 'r1 r2 r3', 'r1 r2', 'r1']);
  });

  it('counts parts that were never answered', () => {
    expect(receipts({ parts: [], pending: [part(1, 0, 30)] }, [])).toEqual(['r1']);
    const pending = [part(4, 300, 10), part(3, 200, 100, 'whole')];
    expect(receipts({ parts, pending }, [])).toEqual([
      'r1 r2 whole r4',
      'r1 r2 whole',
      'r1 r2 r3',
      'r1 r2',
      'r1',
    ]);
  });

  it('takes a new head with all the parts or not at all', () => {
    const pending = [part(1, 0, 100, 'head')];
    expect(receipts({ parts, pending }, [])).toEqual(['head r2 r3', 'r1 r2 r3', 'r1 r2', 'r1']);
  });

  it('knows what was sent since', () => {
    const pending = [part(3, 200, 80, 'new')];
    expect(receipts({ parts, pending }, [part(3, 200, 90, 'sent')])[0]).toBe('r1 r2 sent');
  });

  it('is tried in bounds, however much is open', () => {
    const many = Array.from({ length: 30 }, (_, index) => part(index + 1, index * 10, 10));
    const pending = many.map((one) => ({ ...one, receipt: `new ${one.receipt}` }));
    expect(journalLayouts({ parts: many, pending }, []).length).toBeLessThanOrEqual(40);
  });
});
