import type { RunObservation } from '@tapedeck/control';
import { type RunReport, runReport } from '@tapedeck/core';
import type { LaunchedJob, LaunchedPod } from './launched-object.ts';
import { endedBy, endOf, hasEnded, isLost, waitingFor } from './pod-problem.ts';

/** Numbers of signals that end a process from outside; others are said by their number. */
const signals: Readonly<Record<number, string>> = {
  6: 'SIGABRT',
  9: 'SIGKILL',
  11: 'SIGSEGV',
  15: 'SIGTERM',
};

export interface RunObjects {
  readonly job: LaunchedJob | undefined;
  /** Its pods that are there, and the last that was seen to end. */
  readonly pods: readonly LaunchedPod[];
  readonly now: Date;
  /** Newest event of a volume that could not be mounted. */
  readonly mountFailure?: string | undefined;
}

/**
 * How a run is, from its Job and its pod. A pod that is there and has not ended is a run that goes on, whatever became of
 * its Job: nothing may begin beside it.
 */
export function observeRun({ job, pods, now, mountFailure }: RunObjects): RunObservation {
  const alive = pods.find((pod) => !hasEnded(pod) && !isLost(pod, now));
  const lost = pods.find((pod) => isLost(pod, now));
  const ended = pods.filter(hasEnded).sort(byAge).at(-1);
  const started = alive?.status.startTime ?? ended?.status.startTime ?? job?.status.startTime;
  const startTime = started === undefined ? {} : { startTime: started };
  if (alive !== undefined) {
    const waiting = waitingFor(alive, now, mountFailure);
    return {
      state: 'Running',
      ...startTime,
      ...placeOf(alive),
      ...(waiting === undefined ? {} : { waiting }),
    };
  }
  if (lost !== undefined && ended === undefined) {
    const node = lost.spec.nodeName ?? 'its node';
    const message = `Nothing is heard of ${node} any more, which the pod ${lost.metadata.name} ran on.`;
    return { state: 'Exited', ...startTime, ...placeOf(lost), cause: { reason: 'NodeLost', message } };
  }
  if (job !== undefined && !isOver(job) && ended === undefined) return { state: 'Running', ...startTime };
  if (ended === undefined) {
    if (job === undefined) return { state: 'Absent' };
    const why = job.status.conditions?.find(({ type, status }) => type === 'Failed' && status === 'True');
    return {
      state: 'Exited',
      ...startTime,
      ...(why?.lastTransitionTime == null ? {} : { endTime: why.lastTransitionTime }),
      ...(why === undefined
        ? {}
        : { cause: { reason: why.reason ?? 'JobFailed', message: why.message ?? 'Its Job failed.' } }),
    };
  }
  const end = endOf(ended);
  const cause = endedBy(ended);
  const report = readReport(end?.message);
  return {
    state: 'Exited',
    ...startTime,
    ...placeOf(ended),
    ...exitOf(end),
    ...(end?.finishedAt == null ? {} : { endTime: end.finishedAt }),
    ...(cause === undefined ? {} : { cause }),
    ...(report === undefined ? {} : { report }),
  };
}

/** The Job is done with, or was told to be: one that is suspended is one that we ended. */
function isOver(job: LaunchedJob): boolean {
  const finished = job.status.conditions?.some(
    ({ type, status }) => (type === 'Failed' || type === 'Complete') && status === 'True',
  );
  return finished === true || job.spec.suspend === true;
}

/** 128 + n is how a container runtime tells of the signal n. */
function exitOf(end: ReturnType<typeof endOf>): Pick<RunObservation, 'exitCode' | 'signal'> {
  if (end === undefined) return {};
  const number = end.signal ?? (end.exitCode > 128 ? end.exitCode - 128 : 0);
  if (number > 0) return { signal: signals[number] ?? `signal ${number}` };
  return { exitCode: end.exitCode };
}

function placeOf(pod: LaunchedPod): Pick<RunObservation, 'pod' | 'node'> {
  return {
    pod: pod.metadata.name,
    ...(pod.spec.nodeName === undefined ? {} : { node: pod.spec.nodeName }),
  };
}

function byAge(a: LaunchedPod, b: LaunchedPod): number {
  return (a.metadata.creationTimestamp ?? '') < (b.metadata.creationTimestamp ?? '') ? -1 : 1;
}

/** What is not a report was not written by a recorder, or was cut: nothing is made of it. */
function readReport(message: string | undefined): RunReport | undefined {
  if (message === undefined || message === '') return undefined;
  try {
    const parsed = runReport.safeParse(JSON.parse(message));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined; // Not JSON: the runtime's own words.
  }
}
