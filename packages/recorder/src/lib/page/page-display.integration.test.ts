import { existsSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makePageDirectory, type PageDirectory } from './page-directory.ts';
import { startDisplay } from './page-display.ts';
import { findPagePrograms } from './page-program.ts';
import { choosePageUser, type PageUser } from './page-user.ts';

const programs = await findPagePrograms().catch((error: unknown) => {
  if (process.env.CI) throw error;
  process.stderr.write(`Skipping tests that start displays: ${String(error)}\n`);
  return undefined;
});

const size = { width: 64, height: 64 };
const socketOf = ({ name }: { readonly name: string }) => `/tmp/.X11-unix/X${name.slice(1)}`;

describe.skipIf(programs === undefined)('a display', () => {
  const xvfb = programs?.xvfb ?? '';
  let user: PageUser;
  let directory: PageDirectory;

  beforeEach(async () => {
    user = await choosePageUser();
    directory = await makePageDirectory(user);
  });
  afterEach(async () => await directory.remove());

  it('leaves no socket behind', async () => {
    const display = await startDisplay(xvfb, size, { user, directory });
    expect(existsSync(socketOf(display))).toBe(true);
    await display.child.end();
    expect(existsSync(socketOf(display))).toBe(false);
  });

  it('leaves none when it was killed either', async () => {
    const display = await startDisplay(xvfb, size, { user, directory });
    display.child.process.kill('SIGKILL');
    await display.child.ended;
    expect(existsSync(socketOf(display))).toBe(true);
    await display.child.end();
    expect(existsSync(socketOf(display))).toBe(false);
  });
});
