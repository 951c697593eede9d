import type { CheckReport } from './check-contract.ts';
import { keyBytes } from './prefix.ts';
import type { RunReport } from './run-contract.ts';

/**
 * All that a container may leave behind of itself:
 * https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/
 */
export const maxTerminationBytes = 4096;

/** Longest sentence of a step, where all of them together are too long. */
const shortMessage = 160;

/**
 * A last report as a termination message: whole, or without what only people read, or undefined where even that is too
 * long. Files and journals are never left out of it: half of them would pass for all of them.
 */
export function runTermination(report: RunReport): string | undefined {
  return firstThatFits([
    report,
    {
      ...withoutStorages(report),
      notices: [],
      files: report.files.map(({ url: _, ...file }) => file),
    },
  ]);
}

/** A check's report as a termination message; its steps get shorter and in the end are left out. */
export function checkTermination(report: CheckReport): string {
  const short = (text: string) => (text.length > shortMessage ? `${text.slice(0, shortMessage)}…` : text);
  const brief = { ...report, message: report.message.slice(0, 512), steps: [] };
  return (
    firstThatFits([
      report,
      { ...report, steps: report.steps.map((step) => ({ ...step, message: short(step.message) })) },
      brief,
    ]) ?? JSON.stringify({ ...brief, message: short(report.message), endpoint: undefined })
  );
}

function withoutStorages({ storages: _, ...report }: RunReport): RunReport {
  return report;
}

function firstThatFits(candidates: readonly unknown[]): string | undefined {
  return candidates
    .map((candidate) => JSON.stringify(candidate))
    .find((text) => keyBytes(text) <= maxTerminationBytes);
}
