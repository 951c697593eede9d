import type { RunReport } from '@tapedeck/core';
import type { ReportLedger } from '../ports.ts';
import { parseRunId } from '../run-id.ts';

/** Reports in memory. */
export function createMemoryLedger(): ReportLedger {
  const kept = new Map<string, Map<string, RunReport>>();
  return {
    async save(uid, report) {
      await Promise.resolve();
      const runs = kept.get(uid) ?? new Map<string, RunReport>();
      const old = runs.get(report.id);
      if (old === undefined || old.sequence <= report.sequence) runs.set(report.id, structuredClone(report));
      kept.set(uid, runs);
    },
    async load(uid) {
      await Promise.resolve();
      const numberOf = ({ id }: RunReport) => parseRunId(id)?.number ?? 0;
      return structuredClone([...(kept.get(uid)?.values() ?? [])].sort((a, b) => numberOf(a) - numberOf(b)));
    },
    async forget(uid) {
      await Promise.resolve();
      kept.delete(uid);
    },
  };
}
