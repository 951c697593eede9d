import { join } from 'node:path';
import type { RunSpec } from '@tapedeck/core';

/** Where the parts of one file wait while its storage is away; the next attempt looks there too. */
export function spoolDirectory(spec: RunSpec, attempt: number, segment: number): string {
  return join(spec.scratch.directory, `spool-${attempt}-${segment}`);
}
