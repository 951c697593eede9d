import type { ResourceKey } from '@tapedeck/control';
import type { Recording, RecordingCopy } from '@tapedeck/core';
import { expect, it } from 'vitest';
import { storageUsersText } from './storage-users.ts';

const apiVersion = 'tapedeck.dev/v1alpha1';
const storage: ResourceKey = { kind: 'ExternalStorage', namespace: 'default', name: 'team' };
const recording = (name: string, ref: string, status: Recording['status'] = {}): Recording => ({
  ...{ apiVersion, kind: 'Recording', metadata: { name } },
  ...{ spec: { storage: { refs: [{ name: ref }] } }, status },
});
const output = { type: 'File', key: 'a.mp4', bytes: 1, duration: '1s', storage: 'team' } as const;
const copy = (name: string, phase?: 'Uploaded'): RecordingCopy => ({
  ...{ apiVersion, kind: 'RecordingCopy', metadata: { name } },
  spec: { recordingRef: { name: 'a' }, storage: { name: 'team' } },
  status: phase === undefined ? {} : { phase },
});

it.each([
  ['nobody', [recording('a', 'other')], [copy('b', 'Uploaded')], undefined],
  ['one that waits for it', [recording('a', 'team')], [], /used by recording\.tapedeck\.dev\/a\. /],
  [
    'one whose files are there',
    [recording('a', 'other', { phase: 'Uploaded', outputs: [output] })],
    [],
    /used by recording\.tapedeck\.dev\/a\. /,
  ],
  ['one that failed and left nothing there', [recording('a', 'team', { phase: 'Failed' })], [], undefined],
  ['a copy to it', [], [copy('b')], /used by recordingcopy\.tapedeck\.dev\/b\. /],
  ['one that is deleted too', [recording('gone', 'team')], [], undefined],
  ['many', 'abcdefg'.split('').map((name) => recording(name, 'team')), [], /dev\/e and 2 more\. /],
])('names %s', (_, recordings, copies, text) => {
  const gone: ResourceKey = { kind: 'Recording', namespace: 'default', name: 'gone' };
  const said = storageUsersText(storage, [storage, gone], recordings, copies);
  if (text === undefined) expect(said).toBeUndefined();
  else expect(said).toMatch(text);
});
