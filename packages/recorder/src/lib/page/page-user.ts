import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';

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

/** As root a user of this run's own, so that a page that breaks out meets neither us nor another page. */
export async function choosePageUser(): Promise<PageUser> {
  const uid = process.getuid?.() === 0 ? randomInt(firstUid, lastUid + 1) : undefined;
  const identity = uid === undefined ? undefined : { uid, gid: uid };
  return { identity, sandbox: await mayMakeNamespaces(identity) };
}

/** What Chromium's sandbox is made of; refused under the usual seccomp profile of containers, and by some distributions. */
async function mayMakeNamespaces(identity: PageUser['identity']): Promise<boolean> {
  return await new Promise((resolve) => {
    const args = ['--user', '--pid', '--net', '--fork', 'true'];
    execFile('unshare', args, { ...identity, timeout: 5_000 }, (error) => resolve(error === null));
  });
}
