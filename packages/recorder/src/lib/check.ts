import { checkSpec } from '@tapedeck/core';
import { checkStorage } from '@tapedeck/storage';

/** A check answers in well under this; a storage that says nothing must not hold the check for ever. */
const checkTimeoutMs = 120_000;

/** Prints the report as one line; 0 when the storage is ready, 1 when not. */
export async function runCheck(input: string): Promise<number> {
  const spec = checkSpec.parse(JSON.parse(input));
  const report = await checkStorage(spec, { signal: AbortSignal.timeout(checkTimeoutMs) });
  process.stdout.write(`${JSON.stringify(report)}\n`);
  return report.ready ? 0 : 1;
}
