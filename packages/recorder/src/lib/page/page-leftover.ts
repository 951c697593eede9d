import { lstatSync, readlinkSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isPageUid } from './page-user.ts';

const prefix = 'tapedeck-page-';

/** Of the numbers in a name, which is to be short: the path of a socket below it may have 107 bytes. */
const radix = 36;

/** How the name of our directory starts; `removeLeftBehind` tells by it whether its recorder is still there. */
export function directoryPrefix(): string {
  return `${prefix}${pidNamespace()}-${process.pid.toString(radix)}-`;
}

/** Removes the directories of recorders that were killed. */
export async function removeLeftBehind(): Promise<void> {
  const us = { uid: process.getuid?.(), pidNamespace: pidNamespace(), isAlive };
  for (const name of await readdir(tmpdir())) {
    if (!name.startsWith(prefix)) continue;
    const path = join(tmpdir(), name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined || !isLeftBehind({ name, uid: found.uid, isDirectory: found.isDirectory() }, us))
      continue;
    // Another recorder may be removing it at this moment.
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

interface Found {
  readonly name: string;
  readonly uid: number;
  readonly isDirectory: boolean;
}

interface Us {
  readonly uid: number | undefined;
  readonly pidNamespace: string;
  readonly isAlive: (pid: number) => boolean;
}

/**
 * Is it the directory of a recorder like us that is no more? Of another namespace (a container that shares our /tmp)
 * nobody here knows that. As root it is only what root or a page has made: anybody may give a directory such a name, and
 * swap what is in it for a link while it is removed.
 */
export function isLeftBehind({ name, uid, isDirectory }: Found, us: Us): boolean {
  const [, namespace, pid = ''] = new RegExp(`^${prefix}([0-9a-z]+)-([0-9a-z]+)-`).exec(name) ?? [];
  if (!isDirectory || namespace !== us.pidNamespace || us.isAlive(Number.parseInt(pid, radix))) return false;
  return uid === us.uid || (us.uid === 0 && isPageUid(uid));
}

/** The namespace that our process ids are of. Linux numbers its first one so, and counts on from there. */
function pidNamespace(): string {
  const [number = '0'] = /\d+/.exec(readlinkSync('/proc/self/ns/pid')) ?? [];
  return Math.abs(Number(number) - 4_026_531_836).toString(radix);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
