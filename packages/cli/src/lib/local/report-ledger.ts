import type { DatabaseSync } from 'node:sqlite';
import type { ReportLedger } from '@tapedeck/control';
import type { RunReport } from '@tapedeck/core';

/** The newest report of each run, in local mode's database; a save has reached the disk when it resolves. */
export function createReportLedger(database: DatabaseSync): ReportLedger {
  const upsert = database.prepare(`
    INSERT INTO reports (recording, run, sequence, report) VALUES (:recording, :run, :sequence, :report)
    ON CONFLICT (recording, run) DO UPDATE SET sequence = excluded.sequence, report = excluded.report
    WHERE excluded.sequence >= reports.sequence`);
  const select = database.prepare('SELECT report FROM reports WHERE recording = ? ORDER BY place');
  const erase = database.prepare('DELETE FROM reports WHERE recording = ?');
  return {
    async save(recording, report) {
      upsert.run({ recording, run: report.id, sequence: report.sequence, report: JSON.stringify(report) });
    },
    async load(recording) {
      // What is in the table was parsed when it came.
      const reports = select.all(recording).map((row) => JSON.parse(String(row.report)) as RunReport);
      // The run's number is the end of its id; a late first report of an early run must not come last.
      return reports.sort((a, b) => runNumber(a.id) - runNumber(b.id));
    },
    async forget(recording) {
      erase.run(recording);
    },
  };
}

function runNumber(id: string): number {
  return Number(/(\d+)$/.exec(id)?.[1] ?? 0);
}
