import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TapedeckError } from '@tapedeck/core';
import { directoryPrefix, removeLeftBehind } from './page-leftover.ts';
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

/** The longest that lies below it; the path of a socket may have 107 bytes. */
const longestSocket = '/org.chromium.Chromium.abcdef/SingletonSocket';
const socketPathBytes = 107;

/** Nobody but the page's user can look into it. */
export async function makePageDirectory({ identity }: PageUser): Promise<PageDirectory> {
  await removeLeftBehind();
  const start = join(tmpdir(), directoryPrefix());
  if (Buffer.byteLength(`${start}abcdef${longestSocket}`) > socketPathBytes)
    throw new TapedeckError(
      'BrowserFailed',
      `${tmpdir()} is too long a path for Chromium's socket below it; set TMPDIR to a shorter one, such as /tmp.`,
    );
  const path = await mkdtemp(start);
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
