import type { Recording } from '@tapedeck/core';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createStartWait, type StartWait } from './start-wait.ts';

const waiting = (uid: string): Recording => ({
  apiVersion: 'tapedeck.dev/v1alpha1',
  kind: 'Recording',
  metadata: { name: uid, uid },
  spec: {},
  status: {
    phase: 'Pending',
    conditions: [
      {
        type: 'Ready',
        status: 'False',
        reason: 'StorageNotFound',
        message: '',
        lastTransitionTime: '2026-11-21T09:00:00Z',
      },
    ],
  },
});

const givenUp: string[] = [];
let startWait: StartWait;
beforeEach(() => {
  vi.useFakeTimers();
  givenUp.length = 0;
  startWait = createStartWait({
    limit: 10,
    say: () => undefined,
    onGiveUp: ({ metadata }) => givenUp.push(metadata.name),
  });
});
afterEach(() => {
  startWait.close();
  vi.useRealTimers();
});

it('gives up what has waited too long', () => {
  startWait.update([waiting('a'), waiting('b')], []);
  vi.advanceTimersByTime(11_000);
  expect(givenUp).toEqual(['a', 'b']);
});

it('gives up nothing that was deleted meanwhile', () => {
  startWait.update([waiting('a'), waiting('b')], []);
  vi.advanceTimersByTime(5_000);
  startWait.update([waiting('b')], []);
  vi.advanceTimersByTime(6_000);
  expect(givenUp).toEqual(['b']);
});
