import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { root, toolsDirectory } from './checkout.mjs';
import { runLogged } from './command.mjs';
import { fingerprint, stampMatches, writeStamp } from './stamp.mjs';
import { rootProgram } from './toolchain.mjs';

/** Directories of the workspace's packages, relative to the root. */
function packageDirectories() {
  const packages = readdirSync(join(root, 'packages')).map((name) => join('packages', name));
  return [...packages, 'operator', 'test'].filter((path) => existsSync(join(root, path, 'package.json')));
}

const installStamp = join(root, 'node_modules', '.tapedeck-stamp');
const installState = () =>
  fingerprint(
    [
      'pnpm-lock.yaml',
      'pnpm-workspace.yaml',
      'package.json',
      '.node-version',
      ...packageDirectories().map((path) => join(path, 'package.json')),
    ].map((path) => join(root, path)),
  );

export const dependencies = {
  title: 'Dependencies',
  isDone: () => stampMatches(installStamp, installState()),
  run: async () => {
    await runLogged('pnpm install', 'pnpm', [
      'install',
      '--frozen-lockfile',
      '--config.confirmModulesPurge=false',
    ]);
    writeStamp(installStamp, installState());
  },
};

const buildStamp = join(toolsDirectory, 'stamps', 'build');
const built = () => packageDirectories().filter((path) => existsSync(join(root, path, 'src')));
const buildState = () =>
  fingerprint(
    [
      'pnpm-lock.yaml',
      'tsconfig.base.json',
      'turbo.json',
      'scripts/lib/recorder-bundle.mjs',
      ...built().flatMap((path) =>
        ['src', 'package.json', 'tsconfig.json', 'bundle.mjs'].map((name) => join(path, name)),
      ),
    ].map((path) => join(root, path)),
  );

export const build = {
  title: 'Build',
  isDone: () =>
    built().every((path) => existsSync(join(root, path, 'dist', 'index.js'))) &&
    stampMatches(buildStamp, buildState()),
  run: async () => {
    const state = buildState();
    await runLogged('turbo build', rootProgram('turbo'), ['run', 'build', '--output-logs=errors-only']);
    writeStamp(buildStamp, state);
  },
};
