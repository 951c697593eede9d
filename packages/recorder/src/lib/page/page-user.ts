import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { TapedeckError } from '@tapedeck/core';

/** Who a page's programs run as. */
export interface PageUser {
  /** For spawn and chown; absent: as we do. */
  readonly identity: { readonly uid: number; readonly gid: number } | undefined;
  /** Chromium can set up its own sandbox. */
  readonly sandbox: boolean;
}

/**
 * What systemd gives out to services for as long as they run: belongs to nobody
 * (https://systemd.io/UIDS-GIDS/).
 */
const firstUid = 61_184;
const lastUid = 65_519;

/** Is it one of those that pages are given? */
export function isPageUid(uid: number): boolean {
  return uid >= firstUid && uid <= lastUid;
}

/** As root a user of this run's own, so that a page that breaks out meets neither us nor another page. */
export async function choosePageUser(): Promise<PageUser> {
  const uid = process.getuid?.() === 0 ? freeUid(await usedUids()) : undefined;
  const identity = uid === undefined ? undefined : { uid, gid: uid };
  return { identity, sandbox: await mayMakeNamespaces(identity) };
}

/** One of a page's that nobody has. `draw` gives a number from the first up to, and without, the second. */
export function freeUid(
  used: ReadonlySet<number>,
  draw: (from: number, to: number) => number = randomInt,
): number {
  const free = Array.from({ length: lastUid + 1 - firstUid }, (_, index) => firstUid + index).filter(
    (uid) => !used.has(uid),
  );
  const drawn = free[draw(0, free.length || 1)];
  if (drawn === undefined)
    throw new TapedeckError(
      'BrowserFailed',
      `Every user from ${firstUid} to ${lastUid} runs something on this machine, so none is left for the page's browser; end some of it.`,
    );
  return drawn;
}

/** Whoever runs anything: another page, or a service of systemd's. */
async function usedUids(): Promise<ReadonlySet<number>> {
  const processes = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  // One that has ended meanwhile has no user.
  const owners = await Promise.all(
    processes.map((name) => readFile(`/proc/${name}/status`, 'utf8').catch(() => '')),
  );
  return new Set(owners.flatMap(uidsOf));
}

/** The real, effective, saved and file system's user of a process, from its `/proc/<pid>/status`. */
export function uidsOf(status: string): readonly number[] {
  const line = /^Uid:\s+(.+)$/m.exec(status)?.[1];
  return line === undefined ? [] : line.split(/\s+/).map(Number);
}

/** What Chromium's sandbox is made of; refused under the usual seccomp profile of containers, and by some distributions. */
async function mayMakeNamespaces(identity: PageUser['identity']): Promise<boolean> {
  return await new Promise((resolve) => {
    const args = ['--user', '--pid', '--net', '--fork', 'true'];
    execFile('unshare', args, { ...identity, timeout: 5_000 }, (error) => resolve(error === null));
  });
}
