import { redact } from '@tapedeck/core';

/** One line of JSON an event, on stderr: what happened, to what, with numbers as numbers. */
export interface RunLog {
  info(event: string, details?: Record<string, unknown>): void;
  warn(event: string, details?: Record<string, unknown>): void;
}

export function createRunLog(runId: string, write: (line: string) => void): RunLog {
  const log =
    (level: string) =>
    (event: string, details: Record<string, unknown> = {}) => {
      write(
        `${redact(JSON.stringify({ time: new Date().toISOString(), level, run: runId, event, ...details }))}\n`,
      );
    };
  return { info: log('info'), warn: log('warn') };
}
