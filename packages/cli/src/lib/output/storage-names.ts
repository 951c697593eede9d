import type { Recording } from '@tapedeck/core';

/** The storages that a recording has to do with, those marked that take nothing at the moment: `first, second (away)`. */
export function storageNames({ spec, status }: Recording): string {
  const { storages = [], outputs = [] } = status ?? {};
  if (storages.length > 1 || storages.some(({ away }) => away !== undefined)) {
    return storages.map(({ name, away }) => (away === undefined ? name : `${name} (away)`)).join(', ');
  }
  const holding = [...new Set(outputs.map(({ storage }) => storage))];
  if (holding.length > 0) return holding.join(', ');
  const wanted = spec.storage?.refs.map(({ name }) => name) ?? [];
  if (spec.storage?.mode === 'Mirror') return wanted.join(', ');
  return status?.storage?.name ?? wanted[0] ?? '';
}
