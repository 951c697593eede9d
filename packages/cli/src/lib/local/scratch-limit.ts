import { TapedeckError } from '@tapedeck/core/error';

/** Half an hour at 4.5 Mbit/s. */
const defaultBytes = 1024 * 1024 * 1024;

/**
 * Bytes of scratch that the parts of one file may take while its storage is away: `TAPEDECK_SCRATCH_LIMIT`, or 1 GiB.
 * It is a matter of the machine and not of a recording, so no manifest says it.
 */
export function findScratchLimit(env: Readonly<Record<string, string | undefined>> = process.env): number {
  const text = env.TAPEDECK_SCRATCH_LIMIT;
  if (text === undefined || text === '') return defaultBytes;
  const bytes = Number(text);
  if (Number.isSafeInteger(bytes) && bytes > 0) return bytes;
  throw new TapedeckError(
    'InvalidManifest',
    `TAPEDECK_SCRATCH_LIMIT is ${JSON.stringify(text)}: give a whole number of bytes, like 1073741824`,
  );
}
