import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { access, appendFile, chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';

const run = promisify(execFile);
const START_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 3_000;
const isRoot = process.getuid?.() === 0;

/** OpenSSH's own server on loopback, with configuration, keys and files in a directory of its own. */
export interface Sshd {
  readonly host: string;
  readonly port: number;
  /** Who may log in: whoever runs the tests, and `nobody` where that is root, for whom no right is ever missing. */
  readonly username: string;
  /** In OpenSSH's form, without a passphrase. */
  readonly privateKey: string;
  /** `ssh-ed25519 AAAA…`, `ecdsa-… AAAA…` and `ssh-rsa AAAA…`. */
  readonly hostKeys: readonly string[];
  /** As the client names it: writable by the user. */
  readonly directory: string;
  /** As this machine names it. */
  readonly files: string;
  /** Lets another key log in: a line of authorized_keys. */
  authorize(line: string): Promise<void>;
  /** `kill -9` of the server and its sessions; what was stored stays. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Ends it and removes its directory. */
  stop(): Promise<void>;
}

export interface SshdOptions {
  /** The user sees nothing but its directory (root only). */
  readonly chroot?: boolean;
  /** Requests and extensions that the server does without, as `sftp-server -P` names them. */
  readonly without?: readonly string[];
  /** Sessions that one connection may have; OpenSSH's own default is 10. */
  readonly maxSessions?: number;
}

/** The path of the server's program, or undefined (with a line on stderr) where it cannot be had. */
export async function findSshd(): Promise<string | undefined> {
  const directories = ['/usr/sbin', '/usr/local/sbin', ...(process.env.PATH ?? '').split(path.delimiter)];
  for (const directory of directories) {
    const file = path.join(directory, 'sshd');
    if (await isThere(file)) return file;
  }
  const why = 'install openssh-server (its own service need not run).';
  if (process.env.CI) throw new Error(`sshd is needed: ${why}`);
  process.stderr.write(`Skipping tests that need sshd: ${why}\n`);
  return undefined;
}

export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const program = await findSshd();
  if (program === undefined) throw new Error('sshd is not there; ask findSshd first.');
  const username = isRoot ? 'nobody' : userInfo().username;
  // sshd wants every directory above a chroot to be root's alone, which /tmp is not.
  const home = await mkdtemp(path.join(options.chroot ? '/run' : tmpdir(), 'tapedeck-sshd-'));
  await chmod(home, 0o755);
  const inHome = (name: string) => path.join(home, name);
  const root = inHome('root');
  const files = path.join(root, 'recordings');
  await mkdir(files, { recursive: true });
  if (isRoot) {
    await chown(files, await idOf(username, '-u'), await idOf(username, '-g'));
    // Where sshd takes its own rights away from itself; only its service makes it otherwise.
    await mkdir('/run/sshd', { recursive: true, mode: 0o755 });
  }
  const hostKeys = await Promise.all(
    ['ed25519', 'ecdsa', 'rsa'].map((type) => makeKey(inHome(`host_${type}`), type)),
  );
  const userKey = await makeKey(inHome('user'), 'ed25519');
  const authorized = inHome('authorized_keys');
  await writeFile(authorized, `${userKey}\n`);
  const port = await freePort();
  const without = options.without === undefined ? '' : ` -P ${options.without.join(',')}`;
  await writeFile(
    inHome('sshd_config'),
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      ...['ed25519', 'ecdsa', 'rsa'].map((type) => `HostKey ${inHome(`host_${type}`)}`),
      'PidFile none',
      'UsePAM no',
      'StrictModes no',
      'PasswordAuthentication no',
      'KbdInteractiveAuthentication no',
      'PermitRootLogin no',
      `AllowUsers ${username}`,
      `AuthorizedKeysFile ${authorized}`,
      'MaxStartups 100',
      ...(options.maxSessions === undefined ? [] : [`MaxSessions ${options.maxSessions}`]),
      `Subsystem sftp internal-sftp${without}`,
      `ForceCommand internal-sftp${without}`,
      'DisableForwarding yes',
      'PermitTTY no',
      ...(options.chroot ? [`ChrootDirectory ${root}`] : []),
      '',
    ].join('\n'),
  );
  let child: ChildProcess | undefined;

  const start = async (): Promise<void> => {
    // A group of its own, so that its sessions end with it.
    const started = spawn(program, ['-D', '-e', '-f', inHome('sshd_config')], {
      stdio: ['ignore', 'ignore', 'pipe'],
      detached: true,
    });
    child = started;
    let said = '';
    started.stderr.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-2000);
    });
    const deadline = Date.now() + START_TIMEOUT_MS;
    while (!(await answers(port))) {
      if (started.exitCode !== null || Date.now() > deadline) {
        started.kill('SIGKILL');
        throw new Error(`sshd did not start on port ${port}: ${said}`);
      }
      await sleep(50);
    }
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = child;
    child = undefined;
    if (ending?.pid === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
    const { pid } = ending;
    // Sessions make process groups of their own: they are found by their parent, while it is there.
    const sessions = await descendants(pid);
    const exited = new Promise((resolve) => ending.once('exit', resolve));
    for (const one of [pid, ...sessions]) kill(one, signal);
    const timer = setTimeout(() => kill(pid, 'SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  };

  await start();
  return {
    host: '127.0.0.1',
    port,
    username,
    privateKey: await readFile(inHome('user'), 'utf8'),
    hostKeys,
    directory: options.chroot ? '/recordings' : files,
    files,
    authorize: (line) => appendFile(authorized, `${line.trim()}\n`),
    kill: () => end('SIGKILL'),
    start,
    async stop() {
      await end('SIGTERM');
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Makes a key pair at `file`; the public one without its comment. */
async function makeKey(file: string, type: string): Promise<string> {
  await run('ssh-keygen', ['-q', '-t', type, '-N', '', '-C', 'test', '-f', file]);
  const line = await readFile(`${file}.pub`, 'utf8');
  return line.split(' ').slice(0, 2).join(' ');
}

async function idOf(username: string, flag: '-u' | '-g'): Promise<number> {
  return Number((await run('id', [flag, username])).stdout);
}

async function descendants(pid: number): Promise<number[]> {
  const { stdout } = await run('ps', ['-A', '-o', 'pid=,ppid=']);
  const pairs = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const below = (parent: number): number[] =>
    pairs.flatMap(([id, of]) => (id !== undefined && of === parent ? [id, ...below(id)] : []));
  return below(pid);
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
    socket.setTimeout(1000, () => {
      socket.destroy();
      resolve(false);
    });
  });
}

async function isThere(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false; // Absent or not ours to run: the same to us.
  }
}
