import type { RunReport } from '@tapedeck/core';

/**
 * What of a report has to outlive this process at once: what a later run could not find out by itself. A receipt of a
 * part that is put again under its own number is not in it; see docs/decisions/012-reports-in-config-maps.md.
 */
export function reportShape(report: RunReport): string {
  return JSON.stringify([
    report.state,
    report.startTime,
    report.result,
    report.gaps.length,
    report.pauses.length,
    report.files.map(({ segment, attempt, key, storage, state, journal }) => [
      segment,
      attempt,
      key,
      storage,
      state,
      journal?.token,
      journal?.parts.map(({ number }) => number),
    ]),
  ]);
}
