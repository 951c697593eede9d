import { parseRunId } from '@tapedeck/control';

/** Labels of a recorder's Job and pod; each of their values fits into 63 characters. */
export const runLabels = {
  managedBy: 'app.kubernetes.io/managed-by',
  name: 'app.kubernetes.io/name',
  component: 'app.kubernetes.io/component',
  recording: 'tapedeck.dev/recording-uid',
  run: 'tapedeck.dev/run',
} as const;

/** Selects what Tapedeck launched, and nothing of anybody else's. */
export const launchedSelector = `${runLabels.managedBy}=tapedeck`;

/** Name of a run's Job: of the uid and the number alone, so that launching twice is launching once. */
export function jobName(runId: string): string {
  return `rec-${runId}`.toLowerCase();
}

export function labelsOfRun(runId: string, mode: string): Readonly<Record<string, string>> {
  return {
    [runLabels.name]: 'tapedeck-recorder',
    [runLabels.managedBy]: 'tapedeck',
    [runLabels.component]: mode.toLowerCase(),
    [runLabels.recording]: parseRunId(runId)?.uid ?? runId,
    [runLabels.run]: runId,
  };
}
