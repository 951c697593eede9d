import { describe, expect, it } from 'vitest';
import { storageSelection } from './recording.ts';
import { recordingDefaults, resolveRecording } from './recording-config.ts';

const refs = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `place-${index}` }));

describe('how long a storage may be away', () => {
  const table: readonly (readonly [string, object, boolean])[] = [
    ['is for two storages', { refs: refs(2), fallbackAfter: '30s' }, true],
    ['is for four, with the mode said', { refs: refs(4), mode: 'Fallback', fallbackAfter: '24h' }, true],
    ['means nothing for one', { refs: refs(1), fallbackAfter: '30s' }, false],
    ['means nothing for copies', { refs: refs(2), mode: 'Mirror', fallbackAfter: '30s' }, false],
    ['is not a moment', { refs: refs(2), fallbackAfter: '9s' }, false],
    ['is not for ever', { refs: refs(2), fallbackAfter: '25h' }, false],
    ['may be left out', { refs: refs(2) }, true],
  ];
  it.each(table)('%s', (_what, selection, valid) => {
    expect(storageSelection.safeParse(selection).success).toBe(valid);
  });

  it('says where it does not belong', () => {
    const { error } = storageSelection.safeParse({ refs: refs(1), fallbackAfter: '30s' });
    expect(error?.issues).toMatchObject([
      { path: ['fallbackAfter'], message: 'belongs to mode: Fallback with at least two refs' },
    ]);
  });

  it('is two minutes where nothing is said', () => {
    const source = { type: 'TestCard' } as const;
    const resolve = (storage: object) =>
      resolveRecording({ source, storage: storageSelection.parse(storage) }).fallbackAfterSeconds;
    expect(resolve({ refs: refs(2) })).toBe(recordingDefaults.fallbackAfterSeconds);
    expect(resolve({ refs: refs(2), fallbackAfter: '1m' })).toBe(60);
  });
});
