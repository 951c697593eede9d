#!/usr/bin/env node
import { runCheck } from './lib/check.ts';
import { runLink } from './lib/link.ts';
import { runMain } from './lib/run.ts';
import { readSpecFile, readStandardInput } from './lib/spec-document.ts';

/**
 * `recorder run` reads a RunSpec, records, and ends with an exit code of core's table. `recorder check` reads a CheckSpec
 * and prints a CheckReport as one line, `recorder link` a LinkSpec and a LinkReport. The spec is the file that is named,
 * or standard input.
 */
const commands: Record<string, ((input: string) => Promise<number>) | undefined> = {
  run: runMain,
  check: runCheck,
  link: runLink,
};

const command = commands[process.argv[2] ?? ''];
if (command === undefined) {
  process.stderr.write('usage: recorder run|check|link [spec.json]\n');
  process.exit(2);
}
const file = process.argv[3];
process.exit(await command(await (file === undefined ? readStandardInput() : readSpecFile(file))));
