import { closeSync, fstatSync, ftruncateSync, openSync, readSync } from 'node:fs';
import { writeFileAtomicSync } from './atomic-file.ts';

/** Some 20,000 lines. A run says a few a minute, so this is met only when something repeats itself. */
export const maxLogBytes = 4 * 1024 * 1024;
/** What stays of the older lines, beside the log as `.1`. */
const keptLogBytes = 1024 * 1024;

/**
 * Empties a log that has grown past the bound and keeps its end beside it. Its writer appends (O_APPEND), so it
 * goes on at the new end; lines written in the instant between are lost, which a log bears.
 */
export function boundLog(path: string, maxBytes: number = maxLogBytes): void {
  const file = openSync(path, 'r+');
  try {
    const { size } = fstatSync(file);
    if (size <= maxBytes) return;
    const kept = Math.min(keptLogBytes, maxBytes);
    const tail = Buffer.alloc(kept);
    const read = readSync(file, tail, 0, kept, size - kept);
    const firstLine = tail.indexOf(0x0a) + 1;
    ftruncateSync(file, 0);
    writeFileAtomicSync(`${path}.1`, tail.subarray(firstLine, read).toString('utf8'));
  } finally {
    closeSync(file);
  }
}
