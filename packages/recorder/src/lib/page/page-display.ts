import { randomBytes } from 'node:crypto';
import { chownSync, writeFileSync } from 'node:fs';
import { TapedeckError } from '@tapedeck/core';
import { type PageChild, startPageChild } from './page-child.ts';
import type { PageDirectory } from './page-directory.ts';
import type { PageUser } from './page-user.ts';
import { xAuthority } from './x-authority.ts';
import { findXSocket, makeXSocketDirectory } from './x-socket.ts';

/** An X server without a screen to look at. */
export interface PageDisplay {
  /** `:99` */
  readonly name: string;
  readonly child: PageChild;
}

/** Xvfb is there within 0.2 s on a quiet machine. */
const startMs = 15_000;

/** In which it removes its socket itself. */
const graceMs = 1_000;

/**
 * Chromium makes a window that has its screen's size a pixel smaller, so that no window manager takes it for a full
 * screen; so the screen is a pixel larger than what is captured of it.
 */
const spare = 1;

/** A display of its own size and number, which only who has its cookie may open, over a socket and not the network. */
export async function startDisplay(
  program: string,
  size: { readonly width: number; readonly height: number },
  { user, directory }: { readonly user: PageUser; readonly directory: PageDirectory },
): Promise<PageDisplay> {
  writeFileSync(directory.authority, xAuthority(randomBytes(16)), { mode: 0o600 });
  if (user.identity !== undefined) chownSync(directory.authority, user.identity.uid, user.identity.gid);
  makeXSocketDirectory();
  const child = await startPageChild(
    program,
    [
      ...['-displayfd', '3', '-screen', '0', `${size.width + spare}x${size.height + spare}x24`],
      ...['-nolisten', 'tcp', '-auth', directory.authority, '-noreset', '-nocursor'],
    ],
    {
      user,
      cwd: directory.path,
      env: { PATH: process.env.PATH ?? '', HOME: directory.home },
      extra: ['pipe'],
      graceMs,
    },
  );
  try {
    const number = await displayNumber(child);
    const socket = findXSocket(number);
    const end = async () => {
      await child.end();
      socket?.remove();
    };
    return { name: `:${number}`, child: { ...child, end } };
  } catch (error) {
    await child.end();
    throw error;
  }
}

/** Xvfb takes the first number that is free, and writes it once it can be used. */
async function displayNumber(child: PageChild): Promise<number> {
  const pipe = child.process.stdio[3];
  let timer: NodeJS.Timeout | undefined;
  const number = new Promise<number>((resolve, reject) => {
    let text = '';
    if (pipe && 'read' in pipe)
      pipe.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
        if (/^\d+\n/.test(text)) resolve(Number.parseInt(text, 10));
      });
    const fail = (how: string) =>
      reject(new TapedeckError('BrowserFailed', `Xvfb did not start (${how}): ${child.words()}.`));
    timer = setTimeout(() => fail(`nothing for ${startMs / 1000} s`), startMs);
    void child.ended.then(fail);
  });
  try {
    return await number;
  } finally {
    clearTimeout(timer);
    pipe?.destroy();
  }
}
