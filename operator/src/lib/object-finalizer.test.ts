import type { Recording } from '@tapedeck/core';
import { expect, it } from 'vitest';
import { finalizerChange, objectFinalizer } from './object-finalizer.ts';

const recording = (deletionPolicy?: 'Retain' | 'Delete', deletionTimestamp?: string): Recording => ({
  apiVersion: 'tapedeck.dev/v1alpha1',
  kind: 'Recording',
  metadata: { name: 'a', ...(deletionTimestamp === undefined ? {} : { deletionTimestamp }) },
  spec: { source: { type: 'TestCard' }, ...(deletionPolicy === undefined ? {} : { deletionPolicy }) },
});

it.each([
  ['nothing was asked', recording(), [], undefined],
  ['the files are to go', recording('Delete'), ['other/one'], true],
  ['it is there', recording('Delete'), [objectFinalizer], undefined],
  ['somebody thought better of it', recording('Retain'), [objectFinalizer], false],
  ['it is being deleted', recording('Delete', '2026-11-21T09:00:00Z'), [], undefined],
  [
    'it is being deleted, files kept after all',
    recording('Retain', '2026-11-21T09:00:00Z'),
    [objectFinalizer],
    undefined,
  ],
])('%s', (_, one, finalizers, change) => {
  expect(finalizerChange(one, finalizers)).toBe(change);
});
