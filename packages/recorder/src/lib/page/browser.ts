import { chownSync, mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TapedeckError } from '@tapedeck/core';
import { browserFlags } from './browser-flags.ts';
import { browserPreferences } from './browser-preferences.ts';
import { createDevtools, type Devtools } from './devtools.ts';
import { type PageChild, startPageChild } from './page-child.ts';
import type { PageDirectory } from './page-directory.ts';
import type { PageDisplay } from './page-display.ts';
import type { PageSound } from './page-sound.ts';
import type { PageUser } from './page-user.ts';
import { blackY4m, silentWav } from './silence.ts';

/** One Chromium with a window as large as its display. */
export interface Browser {
  readonly devtools: Devtools;
  readonly child: PageChild;
}

interface BrowserOptions {
  readonly program: string;
  readonly user: PageUser;
  readonly directory: PageDirectory;
  readonly display: PageDisplay;
  readonly sound: PageSound;
  readonly proxy: string;
  readonly width: number;
  readonly height: number;
  readonly language: string;
  readonly timeZone: string;
  readonly directMedia: boolean;
  /** Aborted: it is not to start any more. */
  readonly signal: AbortSignal;
}

/** A container has 64 MiB unless told otherwise, and a page with video needs more. */
const enoughSharedMemory = 256 * 1024 * 1024;

/** A cold start on a busy machine. */
const startMs = 25_000;

/** Sees nothing of our environment, and keeps nothing outside of its directory. */
export async function startBrowser(options: BrowserOptions): Promise<Browser> {
  const { user, directory, display, sound } = options;
  const silence = join(directory.home, 'silence.wav');
  const blackness = join(directory.home, 'black.y4m');
  writeFileSync(silence, silentWav());
  writeFileSync(blackness, blackY4m());
  const firstProfile = join(directory.profile, 'Default');
  const preferences = join(firstProfile, 'Preferences');
  mkdirSync(firstProfile, { mode: 0o700 });
  writeFileSync(preferences, browserPreferences(options));
  for (const file of [silence, blackness, firstProfile, preferences])
    if (user.identity !== undefined) chownSync(file, user.identity.uid, user.identity.gid);
  const child = await startPageChild(
    options.program,
    browserFlags({
      ...options,
      profile: directory.profile,
      sandbox: user.sandbox,
      littleSharedMemory: hasLittleSharedMemory(),
      silence,
      blackness,
    }),
    {
      user,
      cwd: directory.home,
      env: {
        PATH: process.env.PATH ?? '',
        HOME: directory.home,
        // Not further down: it makes a socket there, and the path of one may have 107 bytes.
        TMPDIR: directory.path,
        XDG_RUNTIME_DIR: directory.runtime,
        DISPLAY: display.name,
        XAUTHORITY: directory.authority,
        PULSE_SERVER: sound.server,
        PULSE_SINK: sound.sink,
        // Nobody answers there: it would wait for a session bus that a machine may have.
        DBUS_SESSION_BUS_ADDRESS: 'disabled:',
        LANGUAGE: options.language.replace('-', '_'),
        LANG: 'C.UTF-8',
        TZ: options.timeZone,
      },
      extra: ['pipe', 'pipe'],
    },
  );
  const [, , , input, output] = child.process.stdio;
  if (!input || !('write' in input) || !output || !('read' in output)) {
    await child.end();
    throw new TapedeckError('BrowserFailed', `Chromium could not be started: ${await child.ended}.`);
  }
  const devtools = createDevtools(input, output);
  // It is gone before the directory that it writes into.
  const onAbort = () => void child.end();
  if (options.signal.aborted) onAbort();
  options.signal.addEventListener('abort', onAbort, { once: true });
  try {
    const started = devtools.call('Browser.getVersion', {}, { timeoutMs: startMs });
    const over = child.ended.then((how) => {
      throw new TapedeckError('BrowserFailed', `Chromium did not start (${how}): ${child.words()}.`);
    });
    await Promise.race([over, started]);
    over.catch(() => undefined); // That it ends later is told by `ended`.
    return { devtools, child };
  } catch (error) {
    devtools.close();
    await child.end();
    throw error;
  } finally {
    options.signal.removeEventListener('abort', onAbort);
  }
}

function hasLittleSharedMemory(): boolean {
  try {
    const { blocks, bsize } = statfsSync('/dev/shm');
    return blocks * bsize < enoughSharedMemory;
  } catch {
    return true; // There is none.
  }
}
