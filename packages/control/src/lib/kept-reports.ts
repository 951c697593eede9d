import type { RunReport } from '@tapedeck/core';
import type { ReportLedger } from './ports.ts';
import { reportOf } from './run-history.ts';
import { parseRunId } from './run-id.ts';

/** The reports that are kept, after what a run left behind (`last`) was put among them, where it is newer. */
export async function keepLastReport(
  ledger: ReportLedger,
  uid: string,
  kept: readonly RunReport[],
  last: RunReport | undefined,
): Promise<readonly RunReport[]> {
  const number = last === undefined ? undefined : parseRunId(last.id)?.number;
  const known = number === undefined ? undefined : reportOf(kept, number);
  if (last === undefined || (known !== undefined && known.sequence >= last.sequence)) return kept;
  await ledger.save(uid, last);
  return await ledger.load(uid);
}
