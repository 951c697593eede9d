import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { accessSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import ssh2, { type AuthContext, type Connection } from 'ssh2';

/**
 * A server that takes a password, which OpenSSH's takes from the system's users only: ssh2's own protocol and login,
 * and behind it OpenSSH's sftp-server, a process for each session.
 */
export interface PasswordSshd {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  readonly password: string;
  /** `ssh-rsa AAAA…` */
  readonly hostKey: string;
  readonly directory: string;
  /** Passwords that were tried, in order: the right one and others. */
  readonly tried: readonly string[];
  stop(): Promise<void>;
}

export interface PasswordSshdOptions {
  /** How the password is asked for; default `password`. */
  readonly method?: 'password' | 'keyboard-interactive';
  /** A program in front of sftp-server, e.g. a shell that limits it: it gets the server's path as its last argument. */
  readonly through?: readonly string[];
}

export async function startPasswordSshd(options: PasswordSshdOptions = {}): Promise<PasswordSshd> {
  const { method = 'password', through = [] } = options;
  const directory = await mkdtemp(path.join(tmpdir(), 'tapedeck-sftp-'));
  const username = 'tapedeck';
  const password = randomBytes(12).toString('hex');
  const hostKey = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const privateKey = hostKey.privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
  const tried: string[] = [];
  const connections = new Set<Connection>();

  const judge = (context: AuthContext, said: string) => {
    tried.push(said);
    if (context.username === username && said === password) context.accept();
    else context.reject([method]);
  };
  const server = new ssh2.Server({ hostKeys: [privateKey] }, (connection) => {
    connections.add(connection);
    connection.on('close', () => connections.delete(connection));
    connection.on('error', () => undefined); // Clients that hang up in the middle are what is tested.
    connection.on('authentication', (context) => {
      if (context.method !== method) context.reject([method]);
      else if (context.method === 'password') judge(context, context.password);
      else if (context.method === 'keyboard-interactive') {
        context.prompt([{ prompt: 'Password: ', echo: false }], (answers) =>
          judge(context, answers[0] ?? ''),
        );
      }
    });
    connection.on('ready', () => {
      connection.on('session', (acceptSession) => {
        acceptSession().on('subsystem', (accept) => {
          const channel = accept();
          const [program = findSftpServer(), ...args] = [...through, findSftpServer()];
          const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
          channel.pipe(child.stdin);
          child.stdout.pipe(channel);
          child.stdin.on('error', () => undefined);
          channel.on('close', () => child.kill());
        });
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const parsed = ssh2.utils.parseKey(privateKey);
  if (parsed instanceof Error) throw parsed;
  const key = Array.isArray(parsed) ? parsed[0] : parsed;
  if (key === undefined) throw new Error('The host key cannot be read.');
  return {
    host: '127.0.0.1',
    port: (server.address() as AddressInfo).port,
    username,
    password,
    hostKey: `ssh-rsa ${key.getPublicSSH().toString('base64')}`,
    directory,
    tried,
    async stop() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const connection of connections) connection.end();
      await closed;
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Where Debian, Fedora, and macOS with Homebrew keep it. */
function findSftpServer(): string {
  const places = [
    '/usr/lib/openssh/sftp-server',
    '/usr/libexec/openssh/sftp-server',
    '/usr/lib/ssh/sftp-server',
    '/usr/libexec/sftp-server',
  ];
  const found = places.find((place) => {
    try {
      accessSync(place);
      return true;
    } catch {
      return false; // The next place may have it.
    }
  });
  if (found === undefined) throw new Error(`sftp-server is in none of ${places.join(', ')}.`);
  return found;
}
