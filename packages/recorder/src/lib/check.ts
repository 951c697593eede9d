import { checkSpec, checkTermination, TapedeckError } from '@tapedeck/core';
import { checkStorage } from '@tapedeck/storage';
import { parseSpec, refuseSpec } from './spec-input.ts';
import { writeTermination } from './termination-file.ts';

/** A check answers in well under this; a storage that says nothing must not hold the check for ever. */
const checkTimeoutMs = 120_000;

/** Prints the report as one line; 0 when the storage is ready, 1 when not, `Invalid` of core's table for a bad spec. */
export async function runCheck(input: string): Promise<number> {
  const spec = parseSpec(checkSpec, input);
  if (spec instanceof TapedeckError) return refuseSpec(spec);
  const report = await checkStorage(spec, { signal: AbortSignal.timeout(checkTimeoutMs) });
  process.stdout.write(`${JSON.stringify(report)}\n`);
  await writeTermination(spec.terminationFile, checkTermination(report));
  return report.ready ? 0 : 1;
}
