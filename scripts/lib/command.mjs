import { spawn } from 'node:child_process';
import { accessSync, closeSync, constants, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { root, toolEnvironment, toolsDirectory } from './checkout.mjs';
import { Failure } from './failure.mjs';

/** Lines of a failed program's output that are shown; the rest stays in the log. */
const shownLines = 15;

/** Where servers are, which Debian keeps off the PATH of users. */
const serverDirectories = ['/usr/sbin', '/usr/local/sbin'];

/**
 * The path of an executable on PATH or among the system's servers, or undefined; an absolute path is looked at itself.
 * @param {string} name
 */
export function findCommand(name) {
  const directories = isAbsolute(name)
    ? ['/']
    : [...(process.env.PATH ?? '').split(delimiter), ...serverDirectories];
  for (const directory of directories) {
    const path = join(directory || '.', name);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // Not there: the next directory may have it.
    }
  }
  return undefined;
}

/**
 * Starts a program on our own terminal and resolves with its exit code (128 + n after a signal).
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ env?: NodeJS.ProcessEnv, stdio?: import('node:child_process').StdioOptions }} [options]
 * @returns {Promise<number>}
 */
export function runAttached(program, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: root,
      stdio: options.stdio ?? 'inherit',
      env: { ...toolEnvironment(), ...options.env },
    });
    // A terminal's Ctrl-C reaches the child too; it decides how to end, and we pass its exit code on.
    const ignore = () => undefined;
    process.on('SIGINT', ignore);
    const forward = () => child.kill('SIGTERM');
    process.on('SIGTERM', forward);
    const release = () => {
      process.off('SIGINT', ignore);
      process.off('SIGTERM', forward);
    };
    child.once('error', (error) => {
      release();
      reject(new Failure(`${program} could not be started: ${error.message}.`));
    });
    child.once('close', (code, signal) => {
      release();
      resolve(code ?? (signal === 'SIGINT' ? 130 : 143));
    });
  });
}

/**
 * Runs a program with its output in .tools/log. A bad end is a Failure with the last lines.
 * @param {string} title What a person calls it: `apt-get update`.
 * @param {string} program
 * @param {readonly string[]} args
 */
export async function runLogged(title, program, args) {
  const directory = join(toolsDirectory, 'log');
  mkdirSync(directory, { recursive: true });
  const path = join(directory, `${title.replaceAll(' ', '-')}.log`);
  const log = openSync(path, 'w');
  let code;
  try {
    code = await runAttached(program, args, { stdio: ['ignore', log, log] });
  } finally {
    closeSync(log);
  }
  if (code === 0) return;
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n').slice(-shownLines);
  const shown = lines.map((line) => `  | ${line}\n`).join('');
  throw new Failure(`${shown}${title} failed with exit code ${code}; its whole output is in ${path}.`);
}
