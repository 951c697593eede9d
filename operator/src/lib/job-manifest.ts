import { type LaunchPlan, ownerOf } from '@tapedeck/control';
import { type ExitName, type ExternalStorageSpec, exitCodes } from '@tapedeck/core';
import { podDocument } from './pod-document.ts';
import { recorderPod } from './recorder-pod.ts';
import type { RecorderSettings } from './recorder-settings.ts';
import { checkDocument, runDocument, sourceSecrets } from './run-document.ts';
import { jobName, labelsOfRun, runLabels } from './run-labels.ts';

/**
 * A backstop for a run that nobody ends any more: what it may record, and two days for its pauses. Control ends one that
 * is overdue long before.
 */
const backstopSeconds = 2 * 24 * 3600;
/** A check gives up by itself after 120 s; the rest is for its image. */
const checkSeconds = 300;
/** What nobody looked at is cleaned up after a day. */
const keptSeconds = 24 * 3600;

/** In the order in which a failed pod's rules are asked. */
const failures: readonly ExitName[] = [
  'Invalid',
  'SourceFailed',
  'StorageRefused',
  'Undelivered',
  'Interrupted',
  'Retry',
];

/**
 * The Job of a run. One pod and never a second: what comes after it is control's decision, which starts a run of its
 * own that goes on from the first one's journal.
 */
export function runJob(plan: LaunchPlan, settings: RecorderSettings) {
  const labels = labelsOfRun(plan.id, plan.mode);
  const isCopy = plan.mode === 'Copy';
  const { namespace, name } = ownerOf(plan);
  const annotations = { [isCopy ? 'tapedeck.dev/copy' : 'tapedeck.dev/recording']: name };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: jobName(plan.id),
      namespace,
      labels,
      annotations,
    },
    spec: {
      completions: 1,
      parallelism: 1,
      backoffLimit: 0,
      // No second pod before the first has ended, however it was made to end.
      podReplacementPolicy: 'Failed',
      activeDeadlineSeconds: (isCopy ? 0 : Math.ceil(plan.maxDurationSeconds)) + backstopSeconds,
      ttlSecondsAfterFinished: keptSeconds,
      podFailurePolicy: {
        rules: [
          // Evicted, drained, preempted: a new run goes on, this one does not begin anew.
          {
            action: 'FailJob',
            onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }],
          },
          ...failures.map((exit) => ({
            action: 'FailJob',
            onExitCodes: { containerName: 'recorder', operator: 'In', values: [exitCodes[exit]] },
          })),
        ],
      },
      template: recorderPod({
        command: 'run',
        labels,
        annotations,
        document: podDocument(runDocument(plan, settings)),
        storages: plan.storages,
        sourceSecrets: isCopy ? [] : sourceSecrets(plan.source),
        browser: !isCopy && plan.source.type === 'Page',
        resources: isCopy ? undefined : plan.resources,
        settings,
      }),
    },
  };
}

/** The Job of a storage check: the recorder's own image, mount and identity, so that it proves what will run. */
export function checkJob(
  plan: { id: string; namespace: string; name: string; spec: ExternalStorageSpec },
  settings: RecorderSettings,
) {
  const labels = {
    [runLabels.name]: 'tapedeck-recorder',
    [runLabels.managedBy]: 'tapedeck',
    [runLabels.component]: 'check',
  };
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      name: checkName(plan.id),
      namespace: plan.namespace,
      labels,
      annotations: { 'tapedeck.dev/storage': plan.name },
    },
    spec: {
      completions: 1,
      parallelism: 1,
      backoffLimit: 0,
      activeDeadlineSeconds: checkSeconds,
      ttlSecondsAfterFinished: 3600,
      template: recorderPod({
        command: 'check',
        labels,
        document: podDocument(checkDocument(plan.id, plan)),
        storages: [plan],
        settings,
      }),
    },
  };
}

/** An id is `<uid>-<time>-<count>`: its uid and its end make it the only one of its name. */
export function checkName(id: string): string {
  return `check-${id}`
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, '-')
    .slice(0, 63)
    .replace(/-+$/, '');
}
