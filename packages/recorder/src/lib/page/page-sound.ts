import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { TapedeckError } from '@tapedeck/core';
import { type PageChild, startPageChild } from './page-child.ts';
import type { PageDirectory } from './page-directory.ts';
import type { PageUser } from './page-user.ts';

/** A sound server that plays into nothing, and lets that be recorded. */
export interface PageSound {
  /** `unix:/path` */
  readonly server: string;
  readonly sink: string;
  readonly child: PageChild;
}

const startMs = 15_000;
const lookEveryMs = 20;
const sink = 'tapedeck';

/** Reads no configuration, and is reached over the one socket in the page's own directory. */
export async function startSound(
  program: string,
  { user, directory }: { readonly user: PageUser; readonly directory: PageDirectory },
): Promise<PageSound> {
  const child = await startPageChild(
    program,
    [
      ...['-n', '--daemonize=no', '--use-pid-file=no', '--exit-idle-time=-1', '--disallow-exit'],
      ...[
        '--disable-shm=yes',
        '--log-target=stderr',
        '--log-level=error',
        '--realtime=no',
        '--high-priority=no',
      ],
      ...['-L', `module-native-protocol-unix auth-anonymous=1 socket=${directory.soundSocket}`],
      ...['-L', `module-null-sink sink_name=${sink} rate=48000 channels=2 format=s16le`],
    ],
    {
      user,
      cwd: directory.path,
      env: { PATH: process.env.PATH ?? '', HOME: directory.home, XDG_RUNTIME_DIR: directory.runtime },
    },
  );
  try {
    await there(child, directory.soundSocket);
    return { server: `unix:${directory.soundSocket}`, sink, child };
  } catch (error) {
    await child.end();
    throw error;
  }
}

async function there(child: PageChild, socket: string): Promise<void> {
  let how: string | undefined;
  void child.ended.then((end) => {
    how = end;
  });
  for (let waited = 0; !existsSync(socket); waited += lookEveryMs) {
    if (waited > startMs) how ??= `nothing for ${startMs / 1000} s`;
    if (how !== undefined)
      throw new TapedeckError('BrowserFailed', `PulseAudio did not start (${how}): ${child.words()}.`);
    await delay(lookEveryMs);
  }
}
