import type { Kind } from '@tapedeck/control';
import {
  type ExternalStorage,
  findCondition,
  isFinalPhase,
  parseDuration,
  type Recording,
  type RecordingCopy,
  type RecordingPhase,
  recordingPhase,
} from '@tapedeck/core';
import type { ReflectorCounts } from '@tapedeck/kube-api';
import type { Metric } from './metric-text.ts';
import type { Refusal } from './report-server.ts';
import { copyWaitingSince, longestWait, waitingSince } from './waiting.ts';

/** What is counted while the process runs. */
export interface OperatorCounters {
  reconciled(kind: Kind, seconds: number, failed: boolean): void;
  reported(refusal: Refusal | undefined): void;
  /** A resource has come to its end. */
  ended(kind: Kind, phase: RecordingPhase): void;
  metrics(): readonly Metric[];
}

export function createOperatorCounters(): OperatorCounters {
  const looks = new Map<Kind, { count: number; seconds: number; failures: number }>();
  const reports = new Map<string, number>();
  // Those too that nothing came to, so that the first one is an increase.
  const finals = recordingPhase.options.filter(isFinalPhase);
  const nothing = () => new Map<RecordingPhase, number>(finals.map((phase) => [phase, 0]));
  const ends = { Recording: nothing(), RecordingCopy: nothing() } as const;
  return {
    reconciled(kind, seconds, failed) {
      const one = looks.get(kind) ?? { count: 0, seconds: 0, failures: 0 };
      looks.set(kind, {
        count: one.count + 1,
        seconds: one.seconds + seconds,
        failures: one.failures + (failed ? 1 : 0),
      });
    },
    reported(refusal) {
      const result = refusal ?? 'Taken';
      reports.set(result, (reports.get(result) ?? 0) + 1);
    },
    ended(kind, phase) {
      if (kind !== 'Recording' && kind !== 'RecordingCopy') return;
      ends[kind].set(phase, (ends[kind].get(phase) ?? 0) + 1);
    },
    metrics() {
      const perPhase = (name: string, help: string, kind: keyof typeof ends): Metric => ({
        name,
        help,
        type: 'counter',
        samples: [...ends[kind]].map(([phase, value]) => ({ labels: { phase }, value })),
      });
      const perKind = (name: string, help: string, of: 'count' | 'seconds' | 'failures'): Metric => ({
        name,
        help,
        type: 'counter',
        samples: [...looks].map(([kind, one]) => ({ labels: { kind }, value: one[of] })),
      });
      return [
        perKind('tapedeck_reconcile_total', 'Looks at resources.', 'count'),
        perKind('tapedeck_reconcile_seconds_total', 'Time that they took.', 'seconds'),
        perKind('tapedeck_reconcile_failures_total', 'Looks that failed and are repeated.', 'failures'),
        {
          name: 'tapedeck_reports_total',
          help: 'Reports of runs, by what became of them.',
          type: 'counter',
          samples: [...reports].map(([result, value]) => ({ labels: { result }, value })),
        },
        perPhase('tapedeck_recordings_ended_total', 'Recordings that came to their end, by it.', 'Recording'),
        perPhase('tapedeck_copies_ended_total', 'RecordingCopies likewise.', 'RecordingCopy'),
      ];
    },
  };
}

export interface OperatorState {
  readonly recordings: Iterable<Recording>;
  readonly copies: Iterable<RecordingCopy>;
  readonly storages: Iterable<ExternalStorage>;
  readonly reflectors: Readonly<
    Record<string, { readonly counts: ReflectorCounts; readonly silentMs: number }>
  >;
  /** Whether each listed namespace can be read. */
  readonly namespaces: Readonly<Record<string, boolean>>;
  readonly now: Date;
  readonly leads: boolean;
  readonly waiting: number;
}

/** Of those of a recording, the ones that a copy goes through. */
const copyPhases: readonly RecordingPhase[] = ['Pending', 'Uploading', 'Uploaded', 'Failed'];

/** What is true now, from the copies that watches keep. */
export function stateMetrics(state: OperatorState): readonly Metric[] {
  // Those too that none is in, so that what comes and goes has no gaps.
  const phases = new Map<string, number>(recordingPhase.options.map((phase) => [phase, 0]));
  const readiness = new Map<string, { ready: string; reason: string; value: number }>();
  let lag = 0;
  let uploaded = 0;
  let attempts = 0;
  const waits: string[] = [];
  for (const recording of state.recordings) {
    const { status } = recording;
    const since = waitingSince(recording);
    if (since !== undefined) waits.push(since);
    const phase = status?.phase ?? 'Pending';
    phases.set(phase, (phases.get(phase) ?? 0) + 1);
    if (isFinalPhase(status?.phase)) continue;
    attempts += status?.attempts?.length ?? 0;
    uploaded += status?.progress?.bytesUploaded ?? 0;
    if (status?.progress !== undefined) lag = Math.max(lag, parseDuration(status.progress.lag));
  }
  const copies = new Map<string, number>(copyPhases.map((phase) => [phase, 0]));
  let copied = 0;
  const copyWaits: string[] = [];
  for (const copy of state.copies) {
    const { status } = copy;
    const since = copyWaitingSince(copy);
    if (since !== undefined) copyWaits.push(since);
    const phase = status?.phase ?? 'Pending';
    copies.set(phase, (copies.get(phase) ?? 0) + 1);
    if (!isFinalPhase(status?.phase)) copied += status?.progress?.bytesCopied ?? 0;
  }
  for (const { status } of state.storages) {
    const { status: ready = 'Unknown', reason = 'Unchecked' } =
      findCondition(status?.conditions, 'Ready') ?? {};
    const key = `${ready}/${reason}`;
    readiness.set(key, { ready, reason, value: (readiness.get(key)?.value ?? 0) + 1 });
  }
  const gauge = (name: string, help: string, value: number): Metric => ({
    name,
    help,
    type: 'gauge',
    samples: [{ value }],
  });
  const watch = (name: string, help: string, of: keyof ReflectorCounts): Metric => ({
    name,
    help,
    type: 'counter',
    samples: Object.entries(state.reflectors).map(([resource, { counts }]) => ({
      labels: { resource },
      value: counts[of],
    })),
  });
  return [
    {
      name: 'tapedeck_recordings',
      help: 'Recordings by phase.',
      type: 'gauge',
      samples: [...phases].map(([phase, value]) => ({ labels: { phase }, value })),
    },
    {
      name: 'tapedeck_copies',
      help: 'RecordingCopies by phase.',
      type: 'gauge',
      samples: [...copies].map(([phase, value]) => ({ labels: { phase }, value })),
    },
    gauge(
      'tapedeck_recordings_waiting_seconds',
      'How long the recording has waited that has waited for longest.',
      longestWait(waits, state.now),
    ),
    gauge(
      'tapedeck_copies_waiting_seconds',
      'Likewise of RecordingCopies.',
      longestWait(copyWaits, state.now),
    ),
    gauge('tapedeck_copied_bytes', 'Bytes that have arrived of copies that go on.', copied),
    {
      name: 'tapedeck_storages',
      help: 'ExternalStorages by readiness and its reason.',
      type: 'gauge',
      samples: [...readiness.values()].map(({ value, ...labels }) => ({ labels, value })),
    },
    gauge('tapedeck_upload_lag_seconds', 'Age of the oldest byte that no storage holds yet.', lag),
    gauge('tapedeck_uploaded_bytes', 'Bytes that storages hold of recordings that go on.', uploaded),
    gauge('tapedeck_attempts', 'Runs of recordings that go on.', attempts),
    {
      name: 'tapedeck_namespace_watched',
      help: 'Whether a listed namespace can be read.',
      type: 'gauge',
      samples: Object.entries(state.namespaces).map(([name, reached]) => ({
        labels: { watched: name },
        value: reached ? 1 : 0,
      })),
    },
    gauge('tapedeck_leader', 'Whether this replica leads.', state.leads ? 1 : 0),
    gauge('tapedeck_queue_length', 'Resources that wait to be looked at.', state.waiting),
    watch('tapedeck_lists_total', 'Lists of a resource.', 'lists'),
    watch('tapedeck_watches_total', 'Watches that were begun.', 'watches'),
    watch('tapedeck_watch_failures_total', 'Lists and watches that broke off.', 'failures'),
    watch('tapedeck_watch_missed_total', 'Changes that only a later list found.', 'missed'),
    {
      name: 'tapedeck_watch_silent_seconds',
      help: 'Time since a list or a watch last worked.',
      type: 'gauge',
      samples: Object.entries(state.reflectors).map(([resource, { silentMs }]) => ({
        labels: { resource },
        value: Math.round(silentMs) / 1000,
      })),
    },
  ];
}
