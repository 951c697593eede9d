import type { LaunchedPod } from './launched-object.ts';

/** Why something does not run or has ended, as a reason and a sentence. */
export interface PodProblem {
  readonly reason: string;
  readonly message: string;
}

/** How a recorder's container ended, or undefined while it has not. */
export function endOf(pod: LaunchedPod) {
  return pod.status.containerStatuses?.find(({ name }) => name === 'recorder')?.state?.terminated;
}

/** Nothing of it runs any more, or ever will. */
export function hasEnded(pod: LaunchedPod): boolean {
  return endOf(pod) !== undefined || pod.status.phase === 'Failed' || pod.status.phase === 'Succeeded';
}

/** Past the end of its grace period, in seconds: the kubelet kills well before, if there still is one. */
const lostAfter = 60;

/** Was it asked to end so long ago that nobody is left on its node to end it? */
export function isLost(pod: LaunchedPod, now: Date): boolean {
  // The time at which the grace period ends: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/
  const { deletionTimestamp } = pod.metadata;
  if (deletionTimestamp === undefined || hasEnded(pod)) return false;
  return now.getTime() - Date.parse(deletionTimestamp) > lostAfter * 1000;
}

const images: readonly string[] = [
  'ErrImagePull',
  'ImagePullBackOff',
  'InvalidImageName',
  'ErrImageNeverPull',
];

/** A pod without a node, or with one that does not start it, for longer than this says why, in seconds. */
const patience = 5;

/**
 * Why a pod does not run yet, once that is worth telling; undefined while it is merely starting. A volume that cannot be
 * mounted shows only in events: the newest of them is `mountFailure`.
 */
export function waitingFor(pod: LaunchedPod, now: Date, mountFailure?: string): PodProblem | undefined {
  const container = pod.status.containerStatuses?.find(({ name }) => name === 'recorder')?.state;
  if (container?.running !== undefined || container?.terminated !== undefined) return undefined;
  const waiting = container?.waiting;
  const said = waiting?.message ?? '';
  if (waiting?.reason !== undefined && images.includes(waiting.reason)) {
    return {
      reason: 'ImageNotPulled',
      message: `The recorder's image cannot be pulled (${said || waiting.reason}). It is tried again; see the operator's setting of the image and its pull Secrets.`,
    };
  }
  if (waiting?.reason === 'CreateContainerConfigError' || waiting?.reason === 'CreateContainerError') {
    return {
      reason: 'PodNotStarted',
      message: `The recorder's container cannot be made: ${said}. It is tried again.`,
    };
  }
  const scheduled = pod.status.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status === 'False') {
    return {
      reason: 'Unschedulable',
      message: `No node takes the recorder's pod: ${scheduled.message ?? 'the scheduler says no more'}. It starts when one does.`,
    };
  }
  const age = (now.getTime() - Date.parse(pod.metadata.creationTimestamp ?? '')) / 1000;
  if (mountFailure === undefined || !(age > patience)) return undefined;
  const secret = /secret "?([^"\s]+)"? not found/i.exec(mountFailure)?.[1];
  const key = /references non-existent secret key: (\S+)/.exec(mountFailure)?.[1];
  if (key !== undefined) {
    return {
      reason: 'SecretKeyNotFound',
      message: `The Secret that the source names has no key ${key}. The recording starts when it has.`,
    };
  }
  if (secret !== undefined) {
    return {
      reason: 'SecretNotFound',
      message: `There is no Secret ${secret} in the namespace. The recording starts when there is.`,
    };
  }
  return {
    reason: 'VolumeNotMounted',
    message: `A volume of the recorder's pod cannot be mounted: ${mountFailure}`,
  };
}

/** What ended a pod from outside; undefined where its program ended by itself. */
export function endedBy(pod: LaunchedPod): PodProblem | undefined {
  const disrupted = pod.status.conditions?.find(
    ({ type, status }) => type === 'DisruptionTarget' && status === 'True',
  );
  const node = pod.spec.nodeName ?? 'its node';
  if (disrupted !== undefined) {
    return {
      reason: disrupted.reason ?? 'Disrupted',
      message: disrupted.message ?? `The pod was taken off ${node}.`,
    };
  }
  if (endOf(pod)?.reason === 'OOMKilled') {
    return {
      reason: 'OutOfMemory',
      message: `The recorder needed more memory than its limit on ${node}; raise spec.resources.limits.memory.`,
    };
  }
  if (pod.status.reason !== undefined && pod.status.phase === 'Failed') {
    return { reason: pod.status.reason, message: pod.status.message ?? `The pod failed on ${node}.` };
  }
  return undefined;
}
