import type { Log } from '@tapedeck/control';
import { redact } from '@tapedeck/core';

/** A line of JSON for each event, redacted. */
export function createJsonLog(write: (line: string) => void): Log {
  const say =
    (level: string) =>
    (event: string, details: Readonly<Record<string, unknown>> = {}): void => {
      const line = JSON.stringify({ time: new Date().toISOString(), level, event, ...details });
      write(`${redact(line)}\n`);
    };
  return { info: say('info'), warn: say('warn') };
}
