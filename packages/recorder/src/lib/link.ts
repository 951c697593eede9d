import { linkSpec, TapedeckError } from '@tapedeck/core';
import { createLinks } from '@tapedeck/storage';
import { parseSpec, refuseSpec } from './spec-input.ts';

/** Making a link asks for one byte of each file; a storage that says nothing must not hold the command for ever. */
const linkTimeoutMs = 60_000;

/** Prints the report as one line; 0 with links in it, 1 without, `Invalid` of core's table for a bad spec. */
export async function runLink(input: string): Promise<number> {
  const spec = parseSpec(linkSpec, input);
  if (spec instanceof TapedeckError) return refuseSpec(spec);
  const report = await createLinks(spec, { signal: AbortSignal.timeout(linkTimeoutMs) });
  process.stdout.write(`${JSON.stringify(report)}\n`);
  return report.error === undefined ? 0 : 1;
}
