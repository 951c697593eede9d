import { TapedeckError } from './error.ts';

const secondsPerUnit: Readonly<Record<string, number>> = { ms: 0.001, s: 1, m: 60, h: 3600 };

/** What a duration looks like; the schema of every duration field carries it. */
export const durationPattern = /^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/;

/**
 * Seconds of a duration as people and Kubernetes write it: `90s`, `1h30m`, `1.5s`, `250ms`. Rejects anything else
 * (a bare number too: it has no unit) with `InvalidManifest`.
 */
export function parseDuration(text: string): number {
  if (!durationPattern.test(text)) {
    throw new TapedeckError(
      'InvalidManifest',
      `"${text.slice(0, 32)}" is not a duration; write it like 30s, 1h30m or 250ms`,
    );
  }
  let milliseconds = 0;
  for (const [, amount, unit] of text.matchAll(/([0-9.]+)(ms|s|m|h)/g)) {
    milliseconds += Number(amount) * 1000 * (secondsPerUnit[unit ?? ''] ?? 0);
  }
  return Math.round(milliseconds) / 1000;
}

/** Like `parseDuration`, with the default for a field that is absent. */
export function durationOr(text: string | undefined, defaultSeconds: number): number {
  return text === undefined ? defaultSeconds : parseDuration(text);
}

/** Seconds as one number with a unit, to the millisecond: `1833.4s`. This is how statuses hold durations. */
export function formatSeconds(seconds: number): string {
  return `${Math.max(0, Math.round(seconds * 1000)) / 1000}s`;
}
