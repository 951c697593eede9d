import { chmodSync, chownSync, lstatSync, mkdirSync } from 'node:fs';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PageUser } from './page-user.ts';

/** Where everything lies that a page's programs write. */
export interface PageDirectory {
  readonly path: string;
  readonly home: string;
  readonly profile: string;
  readonly runtime: string;
  /** PulseAudio's socket. */
  readonly soundSocket: string;
  readonly authority: string;
  remove(): Promise<void>;
}

const prefix = 'tapedeck-page-';

/** Short, for the path of a socket may have 107 bytes. Nobody but the page's user can look into it. */
export async function makePageDirectory({ identity }: PageUser): Promise<PageDirectory> {
  await removeLeftBehind();
  const path = await mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`));
  const directory = {
    path,
    home: join(path, 'home'),
    profile: join(path, 'profile'),
    runtime: join(path, 'run'),
    soundSocket: join(path, 'run', 'sound'),
    authority: join(path, 'authority'),
  };
  for (const each of [directory.home, directory.profile, directory.runtime]) mkdirSync(each, { mode: 0o700 });
  if (identity !== undefined) {
    for (const each of [directory.home, directory.profile, directory.runtime, path])
      chownSync(each, identity.uid, identity.gid);
  }
  chmodSync(path, 0o700);
  return {
    ...directory,
    async remove() {
      await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
}

/** Of recorders that were killed: theirs by user, and nobody of that process id is there any more. */
async function removeLeftBehind(): Promise<void> {
  for (const name of await readdir(tmpdir())) {
    const pid = Number(new RegExp(`^${prefix}(\\d+)-`).exec(name)?.[1]);
    if (!Number.isInteger(pid) || isAlive(pid)) continue;
    const path = join(tmpdir(), name);
    if (!mayRemove(path)) continue;
    // Another recorder may be removing it at this moment.
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

function mayRemove(path: string): boolean {
  const us = process.getuid?.();
  const found = lstatSync(path, { throwIfNoEntry: false });
  return found?.isDirectory() === true && (us === 0 || found.uid === us);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
