import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readJson, root } from '../repo/checkout.ts';
import { recipe } from './kubernetes.ts';

const run = promisify(execFile);
const env = {
  ...process.env,
  BUILDAH_ISOLATION: 'chroot',
  STORAGE_DRIVER: process.env.STORAGE_DRIVER ?? 'overlay',
};
const output = { env, maxBuffer: 64 * 1024 * 1024, timeout: 15 * 60_000 };
const { version } = z.object({ version: z.string() }).parse(readJson('package.json'));
const billPath = '/usr/share/doc/tapedeck/bill-of-materials.cdx.json';
/** Any time will do, as long as it is the same. */
const timestamp = '1764000000';
const tag = (name: string, which: string) => `localhost/tapedeck-images-test/${name}:${which}`;

const there = ['buildah', 'mmdebstrap'].every((program) =>
  (process.env.PATH ?? '').split(path.delimiter).some((directory) => {
    try {
      accessSync(path.join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false; // The next directory may have it.
    }
  }),
);
if (!there && process.env.CI) throw new Error('buildah and mmdebstrap are needed');
if (!there) process.stderr.write('Skipping tests of the images (buildah or mmdebstrap missing)\n');

const inspection = z.object({
  OCIv1: z.object({
    config: z.object({ User: z.string(), Labels: z.record(z.string(), z.string()) }),
    rootfs: z.object({ diff_ids: z.array(z.string()) }),
  }),
});
const bill = z.object({
  serialNumber: z.string(),
  components: z.array(z.object({ name: z.string(), version: z.string().min(1), purl: z.string() })),
});

async function buildImage(name: string, which: string): Promise<z.infer<typeof inspection>['OCIv1']> {
  const script = path.join(root, 'scripts/image-context.mjs');
  const context = (await run(process.execPath, [script, name])).stdout.trim();
  const args = [
    'build',
    '--no-cache',
    '--quiet',
    '--timestamp',
    timestamp,
    '--tag',
    tag(name, which),
    context,
  ];
  await run('buildah', args, output);
  const { stdout } = await run('buildah', ['inspect', '--type', 'image', tag(name, which)], output);
  return inspection.parse(JSON.parse(stdout)).OCIv1;
}

/** In a container of that image, as the user that it names. */
async function inside(image: string, ...command: string[]): Promise<string> {
  const container = (await run('buildah', ['from', '--pull-never', image], output)).stdout.trim();
  try {
    return (await run('buildah', ['run', container, '--', ...command], output)).stdout;
  } finally {
    await run('buildah', ['rm', container], output);
  }
}

describe.skipIf(!there)('the images', () => {
  afterAll(async () => {
    const images = ['operator', 'recorder'].flatMap((name) => [tag(name, 'one'), tag(name, 'two')]);
    for (const image of images) {
      // A build that failed left none.
      await run('buildah', ['rmi', image], output).catch(() => undefined);
    }
  }, 120_000);

  it.each([
    ['operator', ['libatomic1'], ['node', '@kubernetes/client-node', 'zod', '@tapedeck/control']],
    [
      'recorder',
      ['libatomic1', 'ffmpeg', 'chromium', 'xvfb', 'pulseaudio', 'ca-certificates'],
      ['node', '@aws-sdk/client-s3', 'ssh2', 'zod'],
    ],
  ])(
    '%s says what is in it, is not root’s, and is built the same again',
    async (name, debian, others) => {
      await run(recipe('base-image'), [], output);
      const first = await buildImage(name, 'one');
      expect(first.config.User).toBe('65532:65532');
      expect(first.config.Labels).toMatchObject({
        'org.opencontainers.image.version': version,
        'org.opencontainers.image.licenses': 'Apache-2.0',
      });
      const { components } = bill.parse(JSON.parse(await inside(tag(name, 'one'), 'cat', billPath)));
      const names = components.map((one) => one.name);
      expect(names).toEqual(expect.arrayContaining([...debian, ...others]));
      const installed = await inside(
        tag(name, 'one'),
        'dpkg-query',
        '-W',
        '--showformat',
        '$' + '{Package}\n',
      );
      const listed = components.filter(({ purl }) => purl.startsWith('pkg:deb/')).map((one) => one.name);
      expect(listed.sort()).toEqual(installed.trim().split('\n').sort());
      const second = await buildImage(name, 'two');
      expect(second.rootfs.diff_ids).toEqual(first.rootfs.diff_ids);
    },
    15 * 60_000,
  );
});
