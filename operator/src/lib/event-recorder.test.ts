import type { KubeApi } from '@tapedeck/kube-api';
import { expect, it } from 'vitest';
import { createEventRecorder } from './event-recorder.ts';

const recording = { kind: 'Recording', namespace: 'a', name: 'physics', uid: '1' } as const;

function record(apply: KubeApi['apply'], drainMs: number) {
  const unasked = () => Promise.reject(new Error('not asked for'));
  const lines: unknown[] = [];
  const log = (event: string, details?: object) => void lines.push({ event, ...details });
  const events = createEventRecorder({
    api: { call: unasked, list: unasked, watch: unasked, apply },
    instance: 'replica-1',
    log: { info: log, warn: log },
    drainMs,
  });
  for (const message of ['one', 'two', 'three']) {
    events.record(recording, { type: 'Normal', reason: 'Test', message });
  }
  return { events, lines };
}

it('sends what waits before it ends', async () => {
  let sent = 0;
  const { events, lines } = record(() => {
    sent += 1;
    return Promise.resolve();
  }, 60_000);
  await events.drain();
  expect(sent).toBe(3);
  expect(lines).toEqual([]);
});

it('ends in its time where nobody takes them, and says how many it dropped', async () => {
  const { events, lines } = record(() => new Promise(() => undefined), 20);
  await events.drain();
  // One of them is on its way.
  expect(lines).toEqual([{ event: 'EventsDropped', count: 2 }]);
});
