import type { Terminal } from '../terminal.ts';
import { renderTable } from './table.ts';

/** Something that `doctor` looked at. */
export interface Finding {
  readonly name: string;
  /** `false`: recordings cannot run. `undefined`: worth knowing. */
  readonly passed: boolean | undefined;
  readonly message: string;
}

/** One line for each. */
export function printFindings({ print, colors }: Terminal, findings: readonly Finding[]): void {
  const { green, red, yellow } = colors;
  const rows = findings.map(({ name, passed, message }) => [
    passed === undefined ? yellow('–') : passed ? green('✓') : red('✗'),
    name,
    message,
  ]);
  print(renderTable(undefined, rows));
}
