import { appendFileSync } from 'node:fs';
import type { Log } from '@tapedeck/control';
import { redact } from '@tapedeck/core';
import { boundLog } from './bounded-log.ts';

/** Between looks at how long the log has grown: a few hundred kB of lines. */
const linesPerLook = 1_000;

/** What control says of its work, as a line of JSON each, in a file that does not grow without bounds. */
export function createControlLog(path: string): Log {
  let lines = 0;
  const write =
    (level: string) =>
    (event: string, details: Readonly<Record<string, unknown>> = {}) => {
      const line = JSON.stringify({
        time: new Date().toISOString(),
        level,
        pid: process.pid,
        event,
        ...details,
      });
      try {
        appendFileSync(path, `${redact(line)}\n`, { mode: 0o600 });
        lines += 1;
        if (lines % linesPerLook === 0) boundLog(path);
      } catch {
        // A full disk takes no line; control goes on without.
      }
    };
  return { info: write('info'), warn: write('warn') };
}
