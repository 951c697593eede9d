import type { ExternalStorage, RunFile } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import { hasReturned, storagesToCheck, storagesToDeliver, waitingForStorage } from './recording-delivery.ts';

const refusedAt = '2026-11-21T10:00:00.000Z';
const before = '2026-11-21T09:00:00.000Z';
const after = '2026-11-21T11:00:00.000Z';

function storage(
  name: string,
  ready: { readonly status: 'True' | 'False'; readonly since: string },
  checked: string = ready.since,
  suspend = false,
): ExternalStorage {
  return {
    apiVersion: 'tapedeck.dev/v1alpha1',
    kind: 'ExternalStorage',
    metadata: { name },
    spec: { provider: 'Local', local: { directory: '/recordings' }, suspend },
    status: {
      conditions: [
        {
          type: 'Ready',
          status: ready.status,
          reason: 'Ready',
          message: '',
          lastTransitionTime: ready.since,
        },
      ],
      lastCheck: { time: checked, duration: '1s', steps: [] },
    },
  };
}

const file = (storage: string, state: RunFile['state'], bytes = 1000): RunFile => ({
  segment: 1,
  attempt: 1,
  key: 'a.mp4',
  storage,
  state,
  bytes,
  durationSeconds: 4,
  journal: {
    version: 1,
    storage,
    key: 'a.mp4',
    contentType: 'video/mp4',
    token: {},
    parts: [{ number: 1, offset: 0, size: 400, receipt: 'r' }],
  },
});

it('waits for the storages that lack something, and for those it could go to instead', () => {
  const files = [file('one', 'Complete'), file('two', 'Open'), file('three', 'Open')];
  expect(storagesToDeliver(files, [])).toEqual(['two', 'three']);
  expect(storagesToDeliver(files, ['two', 'four'])).toEqual(['two', 'three', 'four']);
});

describe('a storage has returned', () => {
  const table: readonly (readonly [string, ExternalStorage, boolean])[] = [
    ['that became ready since', storage('two', { status: 'True', since: after }), true],
    ['but not one that was ready all the time', storage('two', { status: 'True', since: before }), false],
    ['nor one that is not ready', storage('two', { status: 'False', since: after }), false],
    ['nor another one', storage('other', { status: 'True', since: after }), false],
  ];
  it.each(table)('%s', (_what, one, expected) => {
    expect(hasReturned([one], ['two'], refusedAt)).toBe(expected);
  });
});

describe('a storage is checked anew', () => {
  const ready = { status: 'True', since: before } as const;
  const table: readonly (readonly [string, ExternalStorage, readonly string[]])[] = [
    ['whose last check is older than its refusal', storage('two', ready, before), ['two']],
    ['but not one that was checked since', storage('two', ready, after), []],
    ['nor one that is suspended', storage('two', ready, before, true), []],
    ['nor another one', storage('other', ready, before), []],
  ];
  it.each(table)('%s', (_what, one, expected) => {
    expect(storagesToCheck([one], ['two'], refusedAt)).toEqual(expected);
  });
});

it('says what waits, where, since when, and what to do', () => {
  const situation = waitingForStorage({
    files: [file('one', 'Complete'), file('two', 'Open'), file('three', 'Open', 300)],
    last: undefined,
    result: { exit: 'StorageRefused', code: 'StorageDenied', message: 'It may not write.' },
    scratch: '/scratch/x',
    stopTime: refusedAt,
    nextTime: after,
    endTime: '2026-11-28T10:00:00.000Z',
  });
  expect(situation).toEqual({
    kind: 'Uploading',
    reason: 'StorageDenied',
    stalled: true,
    message:
      'Since 2026-11-21T10:00:00.000Z, two lacks 600 bytes of a.mp4; three lacks 0 bytes of a.mp4: It may not write. ' +
      'What is missing is kept in /scratch/x. Put right what the storage says and apply its Secret or the ' +
      'ExternalStorage again: it is delivered as soon as the storage is ready. Without that it is tried again at ' +
      '2026-11-21T11:00:00.000Z, and given up at 2026-11-28T10:00:00.000Z.',
  });
});

it('keeps what to do, however much the storages say and lack', () => {
  const { message } = waitingForStorage({
    files: Array.from({ length: 500 }, (_, index) => file(`place-${index % 4}`, 'Open')),
    last: undefined,
    result: {
      exit: 'StorageRefused',
      code: 'StorageDenied',
      message: `It may not write. ${'Because. '.repeat(500)}`,
    },
    scratch: '/scratch/x',
    stopTime: refusedAt,
    nextTime: after,
    endTime: '2026-11-28T10:00:00.000Z',
  });
  expect(message).toMatch(/^Since 2026-11-21T10:00:00.000Z, place-0 lacks \d+ bytes of a.mp4/);
  expect(message).toContain('…: It may not write. Because.');
  expect(message).toMatch(/given up at 2026-11-28T10:00:00.000Z\.$/);
  expect(message.length).toBeLessThan(1_300);
});
