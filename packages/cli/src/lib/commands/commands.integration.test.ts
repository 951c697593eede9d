import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { openLocalData } from '../local/local-data.ts';
import { startTapedeck } from '../testing/tapedeck-process.ts';

let data: string;
const tapedeck = (...words: string[]) => startTapedeck(data, words).ended;

const manifest = `apiVersion: tapedeck.dev/v1alpha1
kind: ExternalStorage
metadata: {name: folder}
spec: {provider: Local, local: {directory: ./out}}
---
apiVersion: tapedeck.dev/v1alpha1
kind: RecordingProfile
metadata: {name: hd}
spec: {video: {height: 720}}
---
apiVersion: tapedeck.dev/v1alpha1
kind: Recording
metadata: {name: a, labels: {team: x}}
spec: {source: {type: TestCard}, storage: {refs: [{name: folder}]}}
`;

beforeAll(async () => {
  data = mkdtempSync(join(tmpdir(), 'tapedeck-cli-'));
  writeFileSync(join(data, 'all.yaml'), manifest);
  expect(await tapedeck('apply', '-f', 'all.yaml')).toMatchObject({
    code: 0,
    stdout: [
      'externalstorage.tapedeck.dev/folder created',
      'recordingprofile.tapedeck.dev/hd created',
      'recording.tapedeck.dev/a created',
      '',
    ].join('\n'),
  });
});
afterAll(() => rmSync(data, { recursive: true, force: true }));

describe('get', () => {
  it('prints a table, and more of it with -o wide', async () => {
    const { stdout, stderr, code } = await tapedeck('get', 'rec');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n').map((line) => line.split(/\s{2,}/))).toEqual([
      ['NAME', 'PHASE', 'DURATION', 'UPLOADED', 'STORAGE', 'AGE'],
      ['a', 'Pending', 'folder', expect.stringMatching(/^\d+s$/)],
      [''],
    ]);
    expect((await tapedeck('get', 'externalstorages', '-o', 'wide')).stdout).toMatch(
      /^NAME .*ENDPOINT.*\nfolder .*Local .*keyless/,
    );
  });

  it('prints what a program reads: one object by name, else a list that apply takes again', async () => {
    const one = JSON.parse((await tapedeck('get', 'recording/a', '-o', 'json')).stdout);
    expect(one).toMatchObject({
      apiVersion: 'tapedeck.dev/v1alpha1',
      kind: 'Recording',
      metadata: { name: 'a', namespace: 'default', generation: 1, labels: { team: 'x' } },
    });
    const list = (await tapedeck('get', 'xs', '-o', 'yaml')).stdout;
    expect(parse(list)).toMatchObject({
      kind: 'List',
      items: [{ spec: { local: { directory: join(data, 'out') } } }],
    });
    expect((await startTapedeck(data, ['apply', '-f', '-'], { input: list }).ended).stdout).toBe(
      'externalstorage.tapedeck.dev/folder unchanged\n',
    );
    expect((await tapedeck('get', 'recp', '-o', 'name')).stdout).toBe('recordingprofile.tapedeck.dev/hd\n');
  });

  it('says nothing on stdout when there is nothing', async () => {
    expect(await tapedeck('get', 'rec', '-n', 'other')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'There is no recording.\n',
    });
    expect((await tapedeck('get', 'rec', '-A')).stdout).toMatch(/^NAMESPACE .*\ndefault +a /);
  });

  it('goes on with every change until Ctrl-C', async () => {
    const watching = startTapedeck(data, ['get', 'rec', '-w']);
    await expect.poll(watching.stdout, { timeout: 5_000 }).toContain('Pending');
    const other = (manifest.split('---\n').at(-1) ?? '').replace('name: a,', 'name: watched,');
    await startTapedeck(data, ['apply', '-f', '-'], { input: other }).ended;
    await expect.poll(watching.stdout, { timeout: 5_000 }).toMatch(/\nwatched +Pending/);
    watching.child.kill('SIGINT');
    expect((await watching.ended).code).toBe(130);
    await tapedeck('delete', 'rec', 'watched');
  });
});

describe('describe', () => {
  it('tells all of a resource', async () => {
    const { stdout } = await tapedeck('describe', 'rec', 'a');
    expect(stdout).toMatch(/^Name: +a\n/);
    expect(stdout).toMatch(/Labels: +team=x/);
    expect(stdout).toContain('  source:\n    type: TestCard');
    expect(stdout).toContain('Events: none');
  });
});

describe('exit codes', () => {
  it.each([
    [['get', 'rec', 'nope'], 3, /there is no Recording nope in namespace default/],
    [['apply', '-f', 'nope.yaml'], 3, /nope\.yaml: there is no such file/],
    [['delete', 'rec', 'nope'], 3, /there is no Recording nope/],
    [['stop', 'nope'], 3, /there is no Recording nope/],
    [['get', 'rce'], 2, /there is no kind "rce"/],
    [['get'], 2, /missing required argument 'kind'/],
    [['get', 'rec', '--ouptut', 'json'], 2, /unknown option '--ouptut'\n\(Did you mean --output\?\)/],
    [['get', 'rec', '-o', 'xml'], 2, /-o xml: must be one of json, yaml, wide, name/],
    [['gte'], 2, /unknown command 'gte'\n\(Did you mean get\?\)/],
    [['storage', 'chekc', 'x'], 2, /unknown command 'chekc'/],
    [['run'], 2, /required option '-f, --filename <file>'/],
    [['mask', 'a'], 2, /mask is not available yet/],
    [['get', 'rec', '--context', 'x'], 3, /has no context x/],
    [['doctor', '--pre'], 2, /say which with --context or --kubeconfig/],
    [['record', 'testcard', '--to', 'gs://bkt?endpont=x'], 2, /did you mean endpoint\?/],
    [['record', 'testcard', '--to', 'nowhere'], 3, /no ExternalStorage nowhere .* write --to \.\/nowhere/],
    [['storage', 'check', 'no'], 3, /ExternalStorage no .*; "tapedeck storage check -f FILE" takes it/],
    [['storage', 'policy', 'no'], 3, /ExternalStorage no .*; "tapedeck storage policy -f FILE" takes it/],
    [['record', 'testcard', '--to', './x', '--for', '5'], 2, /spec\.stopWhen\.elapsed/],
    [['record', 'nope.mp4', '--to', './x'], 2, /no such file/],
    [['record', 'rtmp://x', '--page', '--to', './x'], 2, /--page: a page has an address/],
    [['--help'], 0, /^$/],
    [['help', 'run'], 0, /^$/],
    [['version'], 0, /^$/],
    [['--version'], 0, /^$/],
    [['gte', '--help'], 2, /unknown command 'gte'\n\(Did you mean get\?\)/],
    [['help', 'gte'], 2, /unknown command 'gte'\n\(Did you mean get\?\)/],
    [['storage', 'chekc', '--help'], 2, /unknown command 'chekc'\n\(Did you mean check\?\)/],
    [['get', 'rec', '--help'], 0, /^$/],
    [['storage', 'check', '-h'], 0, /^$/],
    [['help', 'completion'], 0, /^$/],
  ])('tapedeck %j ends with %i', async (words, code, said) => {
    const ended = await tapedeck(...words);
    expect(ended.stderr).toMatch(said);
    expect(ended.code).toBe(code);
    if (code !== 0) expect(ended.stdout).toBe('');
    expect(ended.stderr).not.toMatch(/\n\s+at /);
  });

  it('2, with file, line and the nearest name, for a misspelt key', async () => {
    const ended = await startTapedeck(data, ['apply', '-f', '-'], {
      input: manifest.replace('storage:', 'storge:'),
    }).ended;
    expect(ended).toMatchObject({
      code: 2,
      stdout: '',
      stderr: 'error: stdin:14: spec.storge: unknown key; did you mean spec.storage?\n',
    });
  });

  it('leaves everything as it was when one document is wrong', async () => {
    const twice = manifest.replace('name: folder}\n', 'name: other}\n').replace('height: 720', 'height: no');
    expect((await startTapedeck(data, ['apply', '-f', '-'], { input: twice }).ended).code).toBe(2);
    expect((await tapedeck('get', 'xs', 'other')).code).toBe(3);
  });
});

describe('delete', () => {
  const profile = (name: string) =>
    `apiVersion: tapedeck.dev/v1alpha1\nkind: RecordingProfile\nmetadata: {name: ${name}}\nspec: {}\n`;
  const three = ['one', 'two', 'three'].map(profile).join('---\n');

  it('goes on where something of a file is not there, names each, and ends with 3', async () => {
    await startTapedeck(data, ['apply', '-f', '-'], { input: profile('two') }).ended;
    expect(await startTapedeck(data, ['delete', '-f', '-'], { input: three }).ended).toEqual({
      code: 3,
      signal: null,
      stdout: 'recordingprofile.tapedeck.dev/two deleted\n',
      stderr:
        'error: there is no RecordingProfile one in namespace default\n' +
        'error: there is no RecordingProfile three in namespace default\n',
    });
  });

  it('names who goes on using a storage that goes', async () => {
    const storage = manifest.split('---\n')[0] ?? '';
    const words = ['delete', '-f', '-', '--no-wait'];
    const { stderr } = await startTapedeck(data, words, { input: storage }).ended;
    expect(stderr).toContain(
      'warning: externalstorage.tapedeck.dev/folder is used by recording.tapedeck.dev/a.',
    );
    expect((await startTapedeck(data, ['apply', '-f', 'all.yaml']).ended).code).toBe(0);
  });

  it('is content with what is not there on request', async () => {
    const words = ['delete', '-f', '-', '--ignore-not-found'];
    expect(await startTapedeck(data, words, { input: three }).ended).toMatchObject({ code: 0, stderr: '' });
  });
});

describe('help', () => {
  it('names every command, the kinds, and where the state is', async () => {
    const all = (await tapedeck('--help')).stdout;
    expect(all).toMatch(/\n {2}completion \[shell\] /);
    expect(all).toMatch(/--version /);
    expect(all).toMatch(/--data <dir> .*\(default:\s+\/[^)]*tapedeck\)/is);
    expect((await tapedeck('get', '--help')).stdout).toContain(
      'Kinds: externalstorage (xs), recording (rec), recordingcopy (recc),',
    );
    expect((await tapedeck('--version')).stdout).toBe((await tapedeck('version')).stdout);
  });
});

describe('apply', () => {
  it('keeps a Secret nowhere, and says so', async () => {
    const secret =
      'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {secretAccessKey: wJalrXUtnFEMIK7MDENG}\n';
    const ended = await startTapedeck(data, ['apply', '-f', '-'], { input: secret }).ended;
    expect(ended).toMatchObject({ code: 0, stdout: '' });
    expect(ended.stderr).toContain('secret/s is not kept');
    for (const name of ['tapedeck.db', 'tapedeck.db-wal']) {
      const file = join(data, name);
      try {
        expect(readFileSync(file, 'latin1')).not.toContain('wJalrXUtnFEMIK7MDENG');
      } catch (error) {
        expect(error).toMatchObject({ code: 'ENOENT' });
      }
    }
  });
});

describe('storage check', () => {
  it('prints each step, and the verdict', async () => {
    const { code, stdout } = await tapedeck('storage', 'check', 'folder');
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        '✓   Connect   12 ms',
        '✓   Write     12 ms',
        '–   List      12 ms   not allowed; nothing needs it',
        'folder: ready (50 ms). recordings can go there',
        '',
      ].join('\n'),
    );
  });

  it('ends with 1 when recordings cannot go there, from a file too', async () => {
    const refused = { env: { FAKE_RECORDER: 'refused' } };
    const ended = await startTapedeck(data, ['storage', 'check', '-f', 'all.yaml'], refused).ended;
    expect(ended.code).toBe(1);
    expect(ended.stdout).toContain(
      'folder: StorageDenied (50 ms): writing is denied: allow s3:PutObject on the prefix',
    );
    const json = await startTapedeck(data, ['storage', 'check', 'folder', '-o', 'json'], refused).ended;
    expect(JSON.parse(json.stdout)).toMatchObject({ ready: false, reason: 'StorageDenied' });
    expect(ended.stderr).toBe(
      '"tapedeck storage policy -f all.yaml" prints the least rights that it needs.\n',
    );
    expect(json.stderr).toBe('"tapedeck storage policy folder" prints the least rights that it needs.\n');
  });
});

describe('storage policy', () => {
  const bucket =
    'apiVersion: tapedeck.dev/v1alpha1\nkind: ExternalStorage\nmetadata: {name: team}\n' +
    'spec: {provider: S3, prefix: a, s3: {bucket: recordings, region: eu-central-1}, credentials: {secretRef: {name: k}}}\n';
  const policy = (...words: readonly string[]) =>
    startTapedeck(data, ['storage', 'policy', '-f', '-', ...words], { input: bucket }).ended;

  it('prints what to paste, and says the rest beside it', async () => {
    const { code, stdout, stderr } = await policy();
    expect(code).toBe(0);
    expect(stdout).toContain('aws iam put-user-policy');
    expect(stderr).toBe('Replace the words in capitals.\n');
  });

  it('prints the document alone, with the rights that were asked for', async () => {
    const { stdout } = await policy('-o', 'json', '--with', 'read,delete');
    expect(JSON.parse(stdout)).toMatchObject({
      Statement: [{ Sid: 'Record' }, { Sid: 'Read' }, { Sid: 'Delete' }],
    });
  });

  it('knows storages by name', async () => {
    const { code, stdout } = await tapedeck('storage', 'policy', 'folder');
    expect(code).toBe(0);
    expect(stdout).toContain('mkdir -p -- ');
  });

  it.each([
    [['--with', 'raed'], '--with raed: did you mean read?'],
    [['--identity', 'nobody'], '--identity nobody: known: keys, service-account, assume-role, keyless'],
    [['-o', 'yaml'], '-o yaml: must be one of text, json'],
  ])('refuses %j', async (words, message) => {
    expect(await policy(...words)).toMatchObject({ code: 2, stdout: '', stderr: `error: ${message}\n` });
  });

  it('has no document where the provider takes none', async () => {
    expect(await tapedeck('storage', 'policy', 'folder', '-o', 'json')).toMatchObject({
      code: 2,
      stdout: '',
    });
  });
});

describe('completion', () => {
  it('offers recordings that the command changes something for', async () => {
    const store = openLocalData(data);
    const recordings = (
      [
        ['over', 'Uploaded', undefined],
        ['broken', 'Failed', undefined],
        ['held', 'Paused', 'Paused'],
        ['going', 'Recording', undefined],
        ['ending', 'Uploading', 'Stopped'],
      ] as const
    ).map(([name, phase, state]) => ({
      key: { kind: 'Recording', namespace: 'more', name } as const,
      phase,
      state,
    }));
    try {
      await store.store.apply(
        recordings.map(({ key, state }) => ({
          key,
          manifest: { spec: { source: { type: 'TestCard' }, state } },
        })),
      );
      for (const { key, phase } of recordings) {
        const recording = await store.store.get('Recording', key.namespace, key.name);
        if (recording !== undefined) await store.store.writeStatus(recording, { phase });
      }
      const offered = async (command: string) =>
        (await tapedeck('complete', '--', command, '')).stdout.match(/^[a-z]+(?=\t)/gm);
      expect(await offered('pause')).toEqual(['a', 'going']);
      expect(await offered('resume')).toEqual(['held']);
      expect(await offered('stop')).toEqual(['a', 'going', 'held']);
      expect(await offered('link')).toHaveLength(6);
    } finally {
      for (const { key } of recordings) {
        const uid = (await store.store.get('Recording', key.namespace, key.name))?.metadata.uid ?? '';
        await store.store.remove(key, uid);
      }
      store.close();
    }
  });

  it.each(['bash', 'zsh', 'fish'])('prints a script for %s', async (shell) => {
    const { code, stdout } = await tapedeck('completion', shell);
    expect(code).toBe(0);
    expect(stdout).toContain('tapedeck complete --');
  });

  it('is sourced by bash any number of times, beside others of the kind', async () => {
    const { stdout } = await tapedeck('completion', 'bash');
    const script = join(data, 'completion.bash');
    writeFileSync(script, stdout);
    const twice = 'readonly ShellCompDirectiveError=1; source "$0"; source "$0"';
    const { status, stderr } = spawnSync('bash', ['-c', twice, script], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).not.toContain('ShellCompDirective');
  });

  it.each([
    [['sto'], ['stop', 'storage']],
    [['get', 'ext'], ['externalstorage']],
    [['get', 'rec', ''], ['a']],
    [['stop', ''], ['a']],
    [['storage', 'check', ''], ['folder']],
    [['storage', 'policy', ''], ['folder']],
    [['get', 'rec', '--out'], ['--output']],
    [['run', '-f', ''], ['all.yaml']],
    [['apply', '--filename', './a'], ['./all.yaml']],
    [['record', 'testcard', '--to', './'], []],
  ])('knows what follows %j', async (words, expected) => {
    const { stdout } = await tapedeck('complete', '--', ...words);
    const values = stdout
      .split('\n')
      .slice(0, -2)
      .map((line) => line.split('\t')[0]);
    expect(values).toEqual(expected);
  });
});

describe('colours', () => {
  it('are left out without a terminal, and on request even when forced', async () => {
    const check = ['storage', 'check', 'folder'];
    const sequence = '\u001b[';
    expect((await startTapedeck(data, check, { env: { NO_COLOR: '' } }).ended).stdout).not.toContain(
      sequence,
    );
    const forced = { NO_COLOR: '', FORCE_COLOR: '1' };
    expect((await startTapedeck(data, check, { env: forced }).ended).stdout).toContain(sequence);
    expect((await startTapedeck(data, ['--no-color', ...check], { env: forced }).ended).stdout).not.toContain(
      escape,
    );
    expect((await startTapedeck(data, [...check, '--no-color'], { env: forced }).ended).stdout).not.toContain(
      escape,
    );
    expect(
      (await startTapedeck(data, check, { env: { NO_COLOR: '1', FORCE_COLOR: '1' } }).ended).stdout,
    ).not.toContain(sequence);
  });
});

it('doctor looks at what recording needs', async () => {
  const { stdout } = await tapedeck('doctor');
  expect(stdout).toMatch(/✓ +node +\d+/);
  expect(stdout).toMatch(/– +control +not running/);
});
