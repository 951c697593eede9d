import type { CheckReport } from '@tapedeck/core';
import type { Colors } from '../terminal.ts';
import { renderTable } from './table.ts';

/** A check's steps, each with how long it took, and the verdict in a sentence: what failed is told there, once. */
export function renderCheck(name: string, report: CheckReport, colors: Colors): string {
  const rows = report.steps.map((step) => [
    step.passed ? colors.green('✓') : step.required ? colors.red('✗') : colors.yellow('–'),
    step.name,
    milliseconds(step.durationSeconds),
    step.required && !step.passed && step.message === report.message ? '' : step.message,
  ]);
  const lines = [renderTable(undefined, rows), sentence(name, report, colors)];
  return lines.filter((line) => line !== '').join('\n');
}

function sentence(name: string, report: CheckReport, colors: Colors): string {
  const where = report.endpoint === undefined ? '' : ` at ${report.endpoint}`;
  const verdict = report.ready ? colors.green('ready') : colors.red(report.reason);
  const head = `${name}${where}: ${verdict} (${milliseconds(report.durationSeconds)})`;
  return report.ready ? `${head}. ${report.message}` : `${head}: ${report.message}`;
}

/** Reasons that a right, or the lack of one, explains. */
const deniedReasons: readonly string[] = ['StorageDenied', 'EncryptionKeyDenied'];
/** What passes by itself, and is tried again by whoever records. */
const passingReasons: readonly string[] = ['StorageUnavailable', 'StorageThrottled', 'StorageTimeout'];

/** What to do about a storage that is not ready; `target` is what the command was given: a name, or `-f FILE`. */
export function nextStep({ ready, reason }: CheckReport, target: string): string | undefined {
  if (ready) return undefined;
  if (deniedReasons.includes(reason)) {
    return `"tapedeck storage policy ${target}" prints the least rights that it needs.`;
  }
  const again = `"tapedeck storage check ${target}"`;
  if (passingReasons.includes(reason)) return `That may pass: ${again} tries again.`;
  return `Change that, then ${again} tells whether it helped.`;
}

function milliseconds(seconds: number): string {
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}
