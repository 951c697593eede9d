#!/usr/bin/env node
import { TapedeckError } from '@tapedeck/core';
import { runCheck } from './lib/check.ts';
import { runLink } from './lib/link.ts';
import { runMain } from './lib/run.ts';
import { readSpecEnvironment, readSpecFile, readStandardInput } from './lib/spec-document.ts';
import { refuseSpec } from './lib/spec-input.ts';

/**
 * `recorder run` reads a RunDocument, records or copies, and ends with an exit code of core's table. `recorder check`
 * reads a CheckSpec and prints a CheckReport as one line, `recorder link` a LinkSpec and a LinkReport. The spec is the
 * file that is named, with `--from-environment` what the launcher put there, or standard input.
 */
const commands: Record<string, ((input: string) => Promise<number>) | undefined> = {
  run: runMain,
  check: runCheck,
  link: runLink,
};

const command = commands[process.argv[2] ?? ''];
if (command === undefined) {
  process.stderr.write('usage: recorder run|check|link [spec.json|--from-environment]\n');
  process.exit(2);
}
const place = process.argv[3];
process.exit(await runWithSpec(command));

async function runWithSpec(run: (input: string) => Promise<number>): Promise<number> {
  let input: string;
  try {
    input = await readSpec();
  } catch (error) {
    // Not its words: what could not be read may hold credentials.
    const code = error instanceof Error && 'code' in error ? ` (${String(error.code)})` : '';
    return refuseSpec(new TapedeckError('InvalidManifest', `The spec cannot be read${code}.`));
  }
  return await run(input);
}

function readSpec(): string | Promise<string> {
  if (place === undefined) return readStandardInput();
  return place === '--from-environment' ? readSpecEnvironment() : readSpecFile(place);
}
