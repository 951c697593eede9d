import { chmod, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runChild } from './child.ts';
import { makeOnce, toolCache } from './tool-cache.ts';

/** Paths of an ffmpeg and its ffprobe. */
export interface FfmpegPrograms {
  readonly ffmpeg: string;
  readonly ffprobe: string;
}

/** The Debian release whose ffmpeg is 7.1, which is what the recorder's image holds. */
const release = 'trixie';
const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Directories of shared libraries within the release, some of which are reached through alternatives otherwise. */
const libraries = ['', 'pulseaudio', 'blas', 'lapack'];

/**
 * An ffmpeg 7.1 beside the system's own: apt fetches it with all it needs into the tool cache, where it runs by
 * its own loader and libraries. Needs no rights. Resolves with undefined on a machine that is no Debian; there
 * its caller skips, or fails in CI.
 */
export async function ffmpeg71(): Promise<FfmpegPrograms | undefined> {
  if ((await debianMirror()) === undefined) return undefined;
  const root = toolCache(release);
  const programs = { ffmpeg: join(root, 'bin', 'ffmpeg'), ffprobe: join(root, 'bin', 'ffprobe') };
  await makeOnce(
    `${root}.lock`,
    async () => await exists(programs.ffprobe),
    async () => await install(root),
  );
  return programs;
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(
    () => true,
    () => false,
  );
}

/** Where this machine's own packages come from; the other release is there too. */
async function debianMirror(): Promise<string | undefined> {
  if (!(await exists(keyring)) || !(await exists('/usr/bin/apt-get'))) return undefined;
  const format = '$(CREATED_BY) $(ORIGIN) $(LABEL) $(COMPONENT) $(REPO_URI)';
  const targets = await runChild('apt-get', ['indextargets', '--format', format]);
  return /^Packages Debian Debian main (\S+)$/m.exec(targets.toString())?.[1];
}

async function install(root: string): Promise<void> {
  const mirror = await debianMirror();
  const made = `${root}.new`;
  await rm(made, { recursive: true, force: true });
  const [state, cache, etc, tree] = ['state', 'cache', 'etc', 'tree'].map((name) => join(made, name));
  for (const directory of [`${state}/lists/partial`, `${cache}/archives/partial`, `${etc}`, `${tree}`]) {
    await mkdir(directory, { recursive: true });
  }
  await writeFile(`${state}/status`, '');
  await writeFile(`${etc}/sources.list`, `deb [signed-by=${keyring}] ${mirror} ${release} main\n`);
  const options = [
    ...['-o', `Dir::State=${state}`, '-o', `Dir::State::status=${state}/status`, '-o', `Dir::Cache=${cache}`],
    ...['-o', `Dir::Etc::sourcelist=${etc}/sources.list`, '-o', 'Dir::Etc::sourceparts=/dev/null'],
    ...[
      '-o',
      'Dir::Etc::preferencesparts=/dev/null',
      '-o',
      'APT::Sandbox::User=',
      '-o',
      'Acquire::Retries=3',
      '-qq',
    ],
  ];
  await runChild('apt-get', [...options, 'update']);
  await runChild('apt-get', [
    ...[...options, '--yes', '--no-install-recommends', '--download-only', 'install', 'ffmpeg'],
  ]);
  for (const name of await readdir(`${cache}/archives`)) {
    if (name.endsWith('.deb'))
      await runChild('dpkg-deb', ['-x', join(`${cache}`, 'archives', name), `${tree}`]);
  }
  await mkdir(join(made, 'bin'));
  for (const program of ['ffmpeg', 'ffprobe']) await writeWrapper(root, made, program);
  for (const directory of [state, cache, etc]) await rm(`${directory}`, { recursive: true });
  await rm(root, { recursive: true, force: true });
  await rename(made, root);
}

async function writeWrapper(root: string, made: string, program: string): Promise<void> {
  const [triplet] = (await readdir(join(made, 'tree', 'usr', 'lib'))).filter((name) =>
    name.endsWith('-linux-gnu'),
  );
  const library = join(root, 'tree', 'usr', 'lib', triplet ?? '');
  const [loader] = (await readdir(join(made, 'tree', 'usr', 'lib', triplet ?? ''))).filter((name) =>
    name.startsWith('ld-linux'),
  );
  const path = libraries.map((name) => join(library, name)).join(':');
  const script = join(made, 'bin', program);
  // exec, so that signals and the parent's death reach ffmpeg itself.
  await writeFile(
    script,
    `#!/bin/sh\nexec '${library}/${loader}' --library-path '${path}' '${join(root, 'tree', 'usr', 'bin', program)}' "$@"\n`,
  );
  await chmod(script, 0o755);
}
