import { existsSync, readdirSync } from 'node:fs';
import tab from '@bomb.sh/tab/commander';
import type { Command } from 'commander';
import { kindNames, parseKind } from './kind-name.ts';
import { defaultDataRoot } from './local/data-directory.ts';
import { openLocalData } from './local/local-data.ts';

/** Commands whose first argument is a kind, and those whose arguments are names of one kind. */
const kindFirst = ['get', 'describe', 'delete'];
const namesOf = {
  pause: 'recording',
  resume: 'recording',
  stop: 'recording',
  link: 'recording',
  'storage check': 'externalstorage',
  'storage policy': 'externalstorage',
};

/**
 * Adds `completion SHELL` and what the scripts it prints call back. Only loaded for these two: it walks through the
 * whole program.
 */
export function addCompletion(program: Command, words: readonly string[]): void {
  const root = tab(program, { completionCommandName: 'completion' });
  for (const name of kindFirst) {
    const command = root.commands.get(name);
    command?.argument('kind', (complete) => {
      for (const [, names] of Object.entries(kindNames)) complete(names[0], names.at(-1) ?? '');
    });
    const kind = words[words.indexOf(name) + 1];
    command?.argument('name', (complete) => completeNames(name, kind, words, complete), true);
  }
  for (const [name, kind] of Object.entries(namesOf)) {
    root.commands.get(name)?.argument('name', (complete) => completeNames(name, kind, words, complete), true);
  }
  const setup = root.setup.bind(root);
  root.setup = (name, executable, shell) =>
    printedThrough(shell === 'bash' ? sourceableTwice : (script) => script, () =>
      setup(name, executable, shell),
    );
  for (const command of [root, ...root.commands.values()]) {
    for (const [name, pattern] of Object.entries(pathOptions)) {
      const option = command.options.get(name);
      if (option !== undefined)
        option.handler = (complete) => completePaths(words.at(-1) ?? '', pattern, complete);
    }
  }
}

/** A constant that is there already, from this script or from another one of the library's, is an error to bash. */
function sourceableTwice(script: string): string {
  return script
    .replace(/^readonly (?=ShellComp)/gm, '')
    .replaceAll('ShellCompDirective', '__tapedeck_Directive');
}

/** The library prints a script itself, and hands none out. */
function printedThrough(change: (script: string) => string, print: () => void): void {
  const { log } = console;
  console.log = (script: string) => log(change(script));
  try {
    print();
  } finally {
    console.log = log;
  }
}

/** Options that take a path, and which files they mean; directories are on the way to them. */
const pathOptions = { filename: /\.(ya?ml|json)$/, kubeconfig: /./, to: undefined, data: undefined };

/** The shell is told to complete no files by itself (the library knows no other way): so it is done here. */
function completePaths(
  word: string,
  pattern: RegExp | undefined,
  complete: (value: string, description: string) => void,
): void {
  const typed = word.slice(0, word.lastIndexOf('/') + 1);
  try {
    for (const entry of readdirSync(typed === '' ? '.' : typed, { withFileTypes: true })) {
      if (entry.isDirectory()) complete(`${typed}${entry.name}/`, '');
      else if (pattern?.test(entry.name) === true) complete(`${typed}${entry.name}`, '');
    }
  } catch {
    // Nothing can be read there, so nothing completes it.
    return;
  }
}

/** Recordings that a command of their state changes something for; of what is named by others, all. */
const going = "coalesce(status ->> '$.phase', 'Pending') NOT IN ('Uploaded', 'Failed') AND deleted IS NULL";
const state = "coalesce(spec ->> '$.state', 'Recording')";
const conditions: Readonly<Record<string, string>> = {
  pause: `${going} AND ${state} = 'Recording'`,
  resume: `${going} AND ${state} IN ('Paused', 'Masked')`,
  stop: `${going} AND ${state} <> 'Stopped'`,
};

const selectNames = (command: string) =>
  `SELECT DISTINCT name FROM resources WHERE kind = ? AND ${conditions[command] ?? 'true'} ORDER BY name`;

/** A completion that fails says nothing (the shell's line is no place for an error), and makes no data directory. */
function completeNames(
  command: string,
  word: string | undefined,
  words: readonly string[],
  complete: (value: string, description: string) => void,
): void {
  try {
    const kind = parseKind(word ?? '');
    const root = dataRoot(words) ?? defaultDataRoot();
    if (!existsSync(root)) return;
    const data = openLocalData(root);
    try {
      for (const { name } of data.database.prepare(selectNames(command)).all(kind))
        complete(String(name), kind);
    } finally {
      data.close();
    }
  } catch {
    return;
  }
}

/** What follows `--data`, wherever it stands. */
function dataRoot(words: readonly string[]): string | undefined {
  const index = words.indexOf('--data');
  return index < 0
    ? words.find((word) => word.startsWith('--data='))?.slice('--data='.length)
    : words[index + 1];
}
