import { createInterface } from 'node:readline/promises';
import { findCommand, runAttached, runLogged } from './command.mjs';
import { Failure } from './failure.mjs';

/**
 * What Tapedeck needs from the system. `commands`: alternatives in a list of what must all be there.
 * @typedef {{ name: string, commands: readonly (readonly string[])[], apt: string, dnf: string, brew: string }} SystemPackage
 */

/** @type {SystemPackage} */
export const ffmpeg = {
  name: 'ffmpeg',
  commands: [['ffmpeg'], ['ffprobe']],
  apt: 'ffmpeg',
  dnf: 'ffmpeg-free',
  brew: 'ffmpeg',
};

/** What a page is recorded with. Xvfb and PulseAudio are of use on Linux. @type {readonly SystemPackage[]} */
export const pagePackages = [
  {
    name: 'Chromium',
    commands: [['chromium', 'chromium-browser', 'google-chrome']],
    apt: 'chromium',
    dnf: 'chromium',
    brew: '--cask chromium',
  },
  {
    name: 'Xvfb',
    commands: [['Xvfb']],
    apt: 'xvfb',
    dnf: 'xorg-x11-server-Xvfb',
    brew: '--cask xquartz',
  },
  {
    name: 'PulseAudio',
    commands: [['pulseaudio']],
    apt: 'pulseaudio',
    dnf: 'pulseaudio',
    brew: 'pulseaudio',
  },
];

/** Second readers of what was recorded, and pip, which fetches a real clip to broadcast. @type {readonly SystemPackage[]} */
export const testPackages = [
  { name: 'mediainfo', commands: [['mediainfo']], apt: 'mediainfo', dnf: 'mediainfo', brew: 'mediainfo' },
  {
    name: 'pip',
    commands: [['python3'], ['pip3', 'pip']],
    apt: 'python3-pip',
    dnf: 'python3-pip',
    brew: 'python',
  },
  {
    name: 'sshd',
    commands: [['sshd'], ['sftp'], ['ssh-keygen']],
    apt: 'openssh-server',
    dnf: 'openssh-server openssh-clients',
    brew: 'openssh',
  },
  { name: 'etcd', commands: [['etcd']], apt: 'etcd-server', dnf: 'etcd', brew: 'etcd' },
];

/** @param {string} name @param {string} command @param {string} [dnf] @returns {SystemPackage} */
const linux = (name, command, dnf = name) => ({ name, commands: [[command]], apt: name, dnf, brew: name });

/** What a cluster of one node is made of, beside Kubernetes; of use on Linux as root only. */
export const clusterPackages = [
  linux('buildah', 'buildah'),
  linux('containerd', 'containerd'),
  linux('containernetworking-plugins', '/usr/lib/cni/bridge'),
  linux('conntrack', 'conntrack', 'conntrack-tools'),
  linux('iproute2', 'ip', 'iproute'),
  linux('mmdebstrap', 'mmdebstrap'),
  linux('nftables', 'nft'),
  linux('openssl', 'openssl'),
  linux('runc', 'runc'),
];

/** @param {SystemPackage} wanted */
export const isInstalled = (wanted) =>
  wanted.commands.every((alternatives) => alternatives.some((name) => findCommand(name) !== undefined));

/** @type {readonly { command: string, install: string, field: 'apt' | 'dnf' | 'brew' }[]} */
const managers = [
  { command: 'apt-get', install: 'sudo apt-get install', field: 'apt' },
  { command: 'dnf', install: 'sudo dnf install', field: 'dnf' },
  { command: 'brew', install: 'brew install', field: 'brew' },
];

/**
 * What a person types to install these here.
 * @param {readonly SystemPackage[]} wanted
 */
export function installHint(wanted) {
  const manager = managers.find((one) =>
    process.platform === 'darwin' ? one.command === 'brew' : findCommand(one.command) !== undefined,
  );
  if (manager !== undefined) return `${manager.install} ${wanted.map((one) => one[manager.field]).join(' ')}`;
  return `install ${wanted.map((one) => one.name).join(' and ')} with your system's package manager`;
}

const isRoot = () => process.getuid?.() === 0;

/** @param {readonly string[]} names */
async function installWithApt(names) {
  const retries = ['-o', 'Acquire::Retries=3'];
  for (const args of [
    ['update', ...retries],
    ['install', '--yes', '--no-install-recommends', ...retries, ...names],
  ]) {
    // sudo resets the environment: `env` sets it behind sudo as well.
    const command = ['env', 'DEBIAN_FRONTEND=noninteractive', 'apt-get', ...args];
    await runLogged(`apt-get ${args[0]}`, isRoot() ? 'env' : 'sudo', isRoot() ? command.slice(1) : command);
  }
}

/** @param {string} question */
async function confirm(question) {
  const prompt = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return /^(y|yes|)$/i.test((await prompt.question(`${question} [Y/n] `)).trim());
  } finally {
    prompt.close();
  }
}

/**
 * Makes sure that system packages may be installed by us: at once as root or in CI, after asking on a terminal,
 * never otherwise.
 * @param {readonly SystemPackage[]} wanted
 */
export async function mayInstall(wanted) {
  if (findCommand('apt-get') === undefined) return false;
  if (isRoot()) return true;
  if (findCommand('sudo') === undefined) return false;
  if (process.env.CI === 'true') return true;
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  const names = wanted.map((one) => one.apt).join(' ');
  if (!(await confirm(`${names} is missing. Install it with sudo apt-get?`))) return false;
  // The password is asked for here, on the terminal; the installation itself writes to a log.
  return (await runAttached('sudo', ['-v'])) === 0;
}

/** @param {readonly SystemPackage[]} wanted */
export async function installPackages(wanted) {
  await installWithApt(wanted.map((one) => one.apt));
  const missing = wanted.filter((one) => !isInstalled(one));
  if (missing.length > 0) {
    throw new Failure(
      `${missing.map((one) => one.name).join(', ')} was installed but is still not on the PATH.`,
    );
  }
}
