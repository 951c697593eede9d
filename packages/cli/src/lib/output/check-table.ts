import type { CheckReport } from '@tapedeck/core';
import type { Colors } from '../terminal.ts';
import { renderTable } from './table.ts';

/** A check's steps, each with how long it took, and the verdict. */
export function renderCheck(name: string, report: CheckReport, colors: Colors): string {
  const rows = report.steps.map((step) => [
    step.passed ? colors.green('✓') : step.required ? colors.red('✗') : colors.yellow('–'),
    step.name,
    milliseconds(step.durationSeconds),
    step.message,
  ]);
  const verdict = report.ready ? colors.green('ready') : colors.red(report.reason);
  const where = report.endpoint === undefined ? '' : ` at ${report.endpoint}`;
  const lines = [
    renderTable(undefined, rows),
    `${name}${where}: ${verdict} (${milliseconds(report.durationSeconds)})${report.ready ? '' : `: ${report.message}`}`,
  ];
  return lines.filter((line) => line !== '').join('\n');
}

function milliseconds(seconds: number): string {
  return seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
}
