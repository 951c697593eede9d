import { expect, it } from 'vitest';
import type { ExternalStorage } from './external-storage.ts';
import { chooseStorage, defaultStorageAnnotation, type StorageChoiceInput } from './storage-choice.ts';

function storage(name: string, isDefault = false): ExternalStorage {
  return {
    apiVersion: 'tapedeck.dev/v1alpha1',
    kind: 'ExternalStorage',
    metadata: { name, ...(isDefault ? { annotations: { [defaultStorageAnnotation]: 'true' } } : {}) },
    spec: { provider: 'Local', local: { directory: '/tmp' } },
  };
}
const refs = (...names: string[]) => ({ refs: names.map((name) => ({ name })) });
const all: StorageChoiceInput = {
  recording: refs('a', 'b'),
  profile: refs('c'),
  storages: [storage('d', true), storage('e')],
  clusterDefault: 'f',
};

it.each([
  ['the recording', all, { names: ['a', 'b'], from: 'Recording' }],
  ['the profile', { ...all, recording: undefined }, { names: ['c'], from: 'Profile' }],
  [
    'the namespace',
    { ...all, recording: undefined, profile: undefined },
    { names: ['d'], from: 'NamespaceDefault' },
  ],
  [
    'the cluster',
    { storages: [storage('e')], clusterDefault: 'f' },
    { names: ['f'], from: 'ClusterDefault' },
  ],
] as const)('%s decides', (_what, input, choice) => {
  expect(chooseStorage(input)).toEqual(choice);
});

it('says what to do when nothing is chosen', () => {
  expect(chooseStorage({ storages: [] })).toEqual({ problem: expect.stringContaining('spec.storage.refs') });
});

it('refuses to guess between two defaults', () => {
  const choice = chooseStorage({ storages: [storage('z', true), storage('y', true)], clusterDefault: 'f' });
  expect(choice).toEqual({ problem: expect.stringContaining('(y, z)') });
});
