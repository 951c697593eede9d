import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runLogged } from '../../scripts/lib/command.mjs';
import { Failure } from '../../scripts/lib/failure.mjs';
import { withLock } from '../../scripts/lib/lock.mjs';
import { fingerprint, stampMatches, writeStamp } from '../../scripts/lib/stamp.mjs';
import { ffmpeg, installHint, mayInstall } from '../../scripts/lib/system-package.mjs';
import { root } from './checkout.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tapedeck-setup-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true, force: true });
});

describe('a fingerprint', () => {
  it('changes with names, sizes and times, and with nothing else', () => {
    const file = join(directory, 'a.ts');
    writeFileSync(file, 'one');
    utimesSync(file, 1, 1);
    const first = fingerprint([directory]);
    expect(fingerprint([directory])).toBe(first);
    utimesSync(file, 2, 2);
    const touched = fingerprint([directory]);
    writeFileSync(join(directory, 'b.ts'), '');
    const added = fingerprint([directory]);
    rmSync(file);
    expect(new Set([first, touched, added, fingerprint([directory])]).size).toBe(4);
  });

  it('matches the stamp it was written to', () => {
    const stamp = join(directory, 'deep', 'stamp');
    expect(stampMatches(stamp, 'x')).toBe(false);
    writeStamp(stamp, 'x');
    expect([stampMatches(stamp, 'x'), stampMatches(stamp, 'y')]).toEqual([true, false]);
  });
});

describe('the lock of a set-up', () => {
  it('lets one work at a time', async () => {
    const path = join(directory, 'lock');
    const order: string[] = [];
    const work = (name: string) => () =>
      new Promise<void>((resolve) => {
        order.push(`${name} in`);
        setTimeout(() => resolve(void order.push(`${name} out`)), 30);
      });
    await Promise.all([withLock(path, work('a')), withLock(path, work('b'))]);
    expect(order).toEqual(['a in', 'a out', 'b in', 'b out']);
  });

  it('is taken over from a process that died, and freed after a failure', async () => {
    const path = join(directory, 'lock');
    const dead = spawn(process.execPath, ['-e', '']);
    await once(dead, 'close');
    writeFileSync(path, String(dead.pid));
    await expect(withLock(path, () => Promise.reject(new Failure('no')))).rejects.toThrow('no');
    await expect(withLock(path, () => Promise.resolve('mine'))).resolves.toBe('mine');
  });
});

describe('what the system lacks', () => {
  const withCommands = (...names: string[]) => {
    for (const name of names) writeFileSync(join(directory, name), '', { mode: 0o755 });
    vi.stubEnv('PATH', directory);
  };

  it.each([
    ['apt-get', 'sudo apt-get install ffmpeg'],
    ['dnf', 'sudo dnf install ffmpeg-free'],
  ])('is named with the command for %s', (manager, command) => {
    withCommands(manager);
    expect(installHint([ffmpeg])).toBe(process.platform === 'darwin' ? 'brew install ffmpeg' : command);
  });

  it('is named without a command where no package manager is known', () => {
    withCommands();
    if (process.platform !== 'darwin') expect(installHint([ffmpeg])).toContain('install ffmpeg with your');
  });

  it('is never installed without a package manager that we know', async () => {
    withCommands('dnf');
    await expect(mayInstall([ffmpeg])).resolves.toBe(false);
  });
});

describe('bin/tapedeck', () => {
  it('runs from anywhere, through a link, with arguments as they are', () => {
    const link = join(directory, 'td');
    execFileSync('ln', ['-s', join(root, 'bin', 'tapedeck'), link]);
    const output = execFileSync(link, ['version'], { cwd: directory, encoding: 'utf8' });
    expect(output).toMatch(/\d+\.\d+\.\d+/);
  });
});

describe('a program of set-up', () => {
  it('that fails ends in one sentence, with its last lines and where the rest is', async () => {
    const script = 'for i in $(seq 40); do echo "line $i"; done; exit 3';
    const failure = await runLogged('test program', 'sh', ['-c', script]).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Failure);
    const { message } = failure as Failure;
    expect(message).toMatch(/line 40\n.*test program failed with exit code 3; .*test-program\.log\.$/);
    expect(message).not.toContain('line 20\n');
  });

  it('that is not there is said to be missing', async () => {
    await expect(runLogged('test program', 'no-such-program', [])).rejects.toThrow(
      /^no-such-program could not/,
    );
  });
});
