import { chmodSync, mkdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Where local mode keeps its state; everything in it belongs to one user alone. */
export interface DataDirectory {
  readonly root: string;
  /** Resources, events and reports. */
  readonly database: string;
  /** Held by the one process that controls. */
  readonly leaderLock: string;
  /** What fingerprints of Secrets are made with. */
  readonly fingerprintKey: string;
  /** A directory for each run. */
  readonly runs: string;
  /** A directory for each recording, shared by its attempts. */
  readonly scratch: string;
}

/** The user's data directory: `XDG_DATA_HOME`, its default, or what macOS uses instead. */
export function defaultDataRoot(
  env: Readonly<Record<string, string | undefined>> = process.env,
  platform: string = process.platform,
  home: string = homedir(),
): string {
  if (env.XDG_DATA_HOME?.startsWith('/')) return join(env.XDG_DATA_HOME, 'tapedeck');
  if (platform === 'darwin') return join(home, 'Library', 'Application Support', 'Tapedeck');
  return join(home, '.local', 'share', 'tapedeck');
}

/** Makes the directory where it is missing; only its owner may look inside. */
export function openDataDirectory(root: string = defaultDataRoot()): DataDirectory {
  const path = resolve(root);
  const made = mkdirSync(path, { recursive: true, mode: 0o700 });
  if (made !== undefined) chmodSync(path, 0o700);
  return {
    root: path,
    database: join(path, 'tapedeck.db'),
    leaderLock: join(path, 'control.lock'),
    fingerprintKey: join(path, 'fingerprint.key'),
    runs: join(path, 'runs'),
    scratch: join(path, 'scratch'),
  };
}
