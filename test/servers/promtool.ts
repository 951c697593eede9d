import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { toolCache } from './tool.ts';

const run = promisify(execFile);

/**
 * The path of Prometheus' promtool, taken out of Debian's package without installing that, which would start a server.
 * Undefined (with a line on stderr) where there is neither; in CI that is an error.
 */
export async function findPromtool(): Promise<string | undefined> {
  const cached = path.join(toolCache(), 'promtool');
  for (const program of ['promtool', cached]) {
    if (await answers(program)) return program;
  }
  const directory = await mkdtemp(path.join(tmpdir(), 'tapedeck-promtool-'));
  try {
    const download = () => run('apt-get', ['download', 'prometheus'], { cwd: directory, timeout: 120_000 });
    // A machine that nothing was installed on yet has no lists of packages.
    await download().catch(() => run('apt-get', ['update'], { timeout: 120_000 }).then(download));
    const archive = (await readdir(directory)).find((name) => name.endsWith('.deb')) ?? '';
    await run('dpkg-deb', ['-x', archive, 'unpacked'], { cwd: directory });
    await mkdir(toolCache(), { recursive: true });
    await copyFile(path.join(directory, 'unpacked/usr/bin/promtool'), cached);
    return cached;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (process.env.CI) throw new Error(`promtool is needed: ${why}`);
    process.stderr.write(`Skipping tests that need promtool (package prometheus): ${why.slice(0, 300)}\n`);
    return undefined;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function answers(program: string): Promise<boolean> {
  try {
    await run(program, ['--version']);
    return true;
  } catch {
    return false; // Not there, or not for this machine.
  }
}
