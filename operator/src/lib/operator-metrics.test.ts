import type { Recording, RecordingCopy } from '@tapedeck/core';
import { expect, it } from 'vitest';
import { metricText } from './metric-text.ts';
import { createOperatorCounters, stateMetrics } from './operator-metrics.ts';

const nothing = {
  recordings: [],
  copies: [],
  storages: [],
  reflectors: {},
  namespaces: {},
  leads: true,
  waiting: 0,
  now: new Date('2026-01-01T10:00:00Z'),
};

it('counts what came to its end, from 0 on', () => {
  const counters = createOperatorCounters();
  counters.ended('Recording', 'Failed');
  counters.ended('Recording', 'Failed');
  counters.ended('RecordingCopy', 'Uploaded');
  const text = metricText(counters.metrics());
  expect(text).toContain('tapedeck_recordings_ended_total{phase="Failed"} 2\n');
  expect(text).toContain('tapedeck_recordings_ended_total{phase="Uploaded"} 0\n');
  expect(text).toContain('tapedeck_copies_ended_total{phase="Failed"} 0\n');
  expect(text).toContain('tapedeck_copies_ended_total{phase="Uploaded"} 1\n');
});

it('tells how long what waits has been waiting', () => {
  const metadata = (creationTimestamp: string) => ({ name: creationTimestamp, creationTimestamp });
  const recording = (made: string): Recording => ({
    apiVersion: 'tapedeck.dev/v1alpha1',
    kind: 'Recording',
    metadata: metadata(made),
    spec: { source: { type: 'TestCard' } },
  });
  const copy: RecordingCopy = {
    apiVersion: 'tapedeck.dev/v1alpha1',
    kind: 'RecordingCopy',
    metadata: metadata('2026-01-01T09:59:00Z'),
    spec: { recordingRef: { name: 'physics' }, storage: { name: 'archive' } },
  };
  const recordings = [recording('2026-01-01T09:59:50Z'), recording('2026-01-01T09:45:00Z')];
  const text = metricText(stateMetrics({ ...nothing, recordings, copies: [copy] }));
  expect(text).toContain('tapedeck_recordings_waiting_seconds 900\n');
  expect(text).toContain('tapedeck_copies_waiting_seconds 60\n');
});

it('tells of each listed namespace whether it may be read', () => {
  const text = metricText(stateMetrics({ ...nothing, namespaces: { lectures: true, seminars: false } }));
  expect(text).toContain('tapedeck_namespace_watched{watched="lectures"} 1\n');
  expect(text).toContain('tapedeck_namespace_watched{watched="seminars"} 0\n');
});
