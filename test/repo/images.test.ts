import { recorderNodeOptions } from '@tapedeck/core';
import { expect, it } from 'vitest';
import { z } from 'zod';
import { files, read, readJson } from './checkout.ts';

const dockerfiles = files.filter((path) => /^images\/.*\/Dockerfile$/.test(path));

it('the recorder’s image starts Node as local mode does', () => {
  const entry = /^ENTRYPOINT (.+)$/m.exec(read('images/recorder/Dockerfile'))?.[1] ?? '[]';
  expect(JSON.parse(entry)).toEqual([
    '/usr/local/bin/node',
    ...recorderNodeOptions,
    '/opt/tapedeck/recorder.mjs',
  ]);
});

it.each(dockerfiles)('%s is not root’s', (path) => {
  expect(read(path)).toMatch(/^USER [1-9]\d+:[1-9]\d+$/m);
});

it.each(dockerfiles)('%s has the version of everything else', (path) => {
  const { version } = z.object({ version: z.string() }).parse(readJson('package.json'));
  expect(/^ARG VERSION=(.+)$/m.exec(read(path))?.[1]).toBe(version);
});
