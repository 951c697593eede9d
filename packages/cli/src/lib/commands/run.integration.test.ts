import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ExternalStorage, Recording } from '@tapedeck/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { startTapedeck, type TapedeckProcess } from '../testing/tapedeck-process.ts';

const secretValue = 'wJalrXUtnFEMIK7MDENGbPxRfiCYKEY';
let data: string;
let started: TapedeckProcess[];

function start(words: readonly string[], env: Record<string, string> = {}, input = ''): TapedeckProcess {
  const process = startTapedeck(data, words, { env, input });
  started.push(process);
  return process;
}
const tapedeck = (...words: string[]) => start(words).ended;

function manifest(name: string, spec: string): string {
  return `apiVersion: v1
kind: Secret
metadata: {name: keys}
stringData: {secretAccessKey: ${secretValue}}
---
apiVersion: tapedeck.dev/v1alpha1
kind: ExternalStorage
metadata: {name: folder}
spec: {provider: Local, local: {directory: ./out}, credentials: {secretRef: {name: keys}}}
---
apiVersion: tapedeck.dev/v1alpha1
kind: Recording
metadata: {name: ${name}}
spec: {source: {type: TestCard}, storage: {refs: [{name: folder}]}, ${spec}}
`;
}

function write(name: string, spec: string): string {
  const file = join(data, `${name}.yaml`);
  writeFileSync(file, manifest(name, spec));
  return file;
}

async function recording(name: string): Promise<Recording> {
  return JSON.parse((await tapedeck('get', 'rec', name, '-o', 'json')).stdout);
}

async function phase(name: string): Promise<string | undefined> {
  const { stdout } = await tapedeck('get', 'rec', name, '-o', 'json');
  return stdout === '' ? 'gone' : (JSON.parse(stdout) as Recording).status?.phase;
}

const until = (name: string, wanted: string, timeout = 20_000) =>
  expect.poll(() => phase(name), { timeout, interval: 250 }).toBe(wanted);

/** Recorders of this data directory that run. */
function recorders(): readonly number[] {
  const runs = join(data, 'runs');
  if (!existsSync(runs)) return [];
  return readdirSync(runs)
    .map((id) => join(runs, id, 'run.json'))
    .filter(existsSync)
    .map((file) => Number(JSON.parse(readFileSync(file, 'utf8')).process.pid))
    .filter((pid) => {
      try {
        return execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).trim()[0] !== 'Z';
      } catch {
        return false;
      }
    });
}

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'tapedeck-run-'));
  started = [];
});
afterEach(async () => {
  for (const { child } of started) child.kill('SIGKILL');
  await Promise.all(started.map(({ ended }) => ended));
  for (const pid of recorders()) process.kill(-pid, 'SIGKILL');
  rmSync(data, { recursive: true, force: true });
});

describe('run', () => {
  it('ends with 0 and where the file is, and records anew the next time', async () => {
    const file = write('a', 'stopWhen: {elapsed: 1s}');
    const first = await tapedeck('run', '-f', file);
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(/^\/.*\/out\/a_\d{8}T\d{6}Z.*\.mp4\n$/);
    expect(existsSync(first.stdout.trim())).toBe(true);
    expect((await recording('a')).status?.stopReason).toBe('Elapsed');
    expect(first.stderr).toMatch(/recording\/a Recording\n[\s\S]*recording\/a Uploaded\n$/);
    expect(first.stderr).not.toContain('\u001b');
    const second = await tapedeck('run', '-f', file);
    expect(second.code).toBe(0);
    expect(second.stderr).toContain('recording.tapedeck.dev/a is over (Uploaded); recording it anew');
    expect(second.stdout).not.toBe(first.stdout);
    expect(existsSync(first.stdout.trim())).toBe(true);
    expect(recorders()).toEqual([]);
  });

  it('ends with 1 and says why when a recording fails', async () => {
    const ended = await start(['run', '-f', write('a', 'retries: 0')], { FAKE_RECORDER: 'source-failed' })
      .ended;
    expect(ended).toMatchObject({ code: 1, stdout: '' });
    expect(ended.stderr).toMatch(/recording\/a Failed: .*nothing is served at/);
  });

  it('gives up, with 4 and what to do, where its storage denies it', async () => {
    const words = ['run', '-f', write('a', 'maxDuration: 1h'), '--wait', '4s'];
    const ended = await start(words, { FAKE_RECORDER: 'refused' }).ended;
    expect(ended).toMatchObject({ code: 4, stdout: '' });
    expect(ended.stderr).toMatch(
      /Pending: Waits for its storage to be ready: folder is not ready since .*StorageDenied/,
    );
    expect(ended.stderr).toMatch(/\na begins by itself once that is put right; it waits until 20/);
    expect(ended.stderr).toMatch(
      /\na has waited for 4 s to begin, and is given up; --wait allows it longer\.\n/,
    );
    // It does not begin later, when nobody thinks of it any more.
    expect((await recording('a')).status).toMatchObject({ phase: 'Failed', stopReason: 'Requested' });
    expect((await tapedeck('run', '-f', join(data, 'a.yaml'), '--wait', '4')).code).toBe(2);
  });

  it('tells each notice once, when it appears', async () => {
    const { code, stderr } = await start(['run', '-f', write('a', 'stopWhen: {elapsed: 2s}')], {
      FAKE_RECORDER: 'away',
    }).ended;
    expect(code).toBe(0);
    expect(stderr.match(/^recording\/a StorageMoved: the file went from folder to other$/gm)).toHaveLength(1);
    expect(stderr.match(/^recording\/a StorageAway: folder is away: \d+ bytes wait$/gm)).toHaveLength(1);
  });

  it('goes on after a crash of the recorder: the next attempt takes over', async () => {
    const ended = await start(['run', '-f', write('a', 'stopWhen: {elapsed: 2s}')], {
      FAKE_RECORDER: 'crash-once',
    }).ended;
    expect(ended.code).toBe(0);
    expect((await recording('a')).status?.attempts).toMatchObject([
      { number: 1 },
      { number: 2, reason: 'Complete' },
    ]);
  });

  it('stops and completes on Ctrl-C', async () => {
    const running = start(['run', '-f', write('a', 'maxDuration: 1h')]);
    await until('a', 'Recording');
    running.child.kill('SIGINT');
    const ended = await running.ended;
    expect(ended.code).toBe(130);
    expect(ended.stdout).toMatch(/\.mp4\n$/);
    expect(await phase('a')).toBe('Uploaded');
    expect(recorders()).toEqual([]);
  });

  it('abandons on a second Ctrl-C, and still leaves no recorder behind', async () => {
    const running = start(['run', '-f', write('a', 'maxDuration: 1h')]);
    await until('a', 'Recording');
    expect(recorders()).toHaveLength(1);
    running.child.kill('SIGINT');
    await expect.poll(running.stderr).toContain('Stopping');
    running.child.kill('SIGINT');
    const ended = await running.ended;
    expect(ended.code).toBe(130);
    expect(ended.stderr).toContain('Abandoned');
    await expect.poll(recorders, { timeout: 10_000 }).toEqual([]);
  });

  it('hears of what another shell says', async () => {
    const running = start(['run', '-f', write('a', 'maxDuration: 1h')]);
    await until('a', 'Recording');
    expect((await tapedeck('pause', 'a')).stdout).toBe('recording.tapedeck.dev/a asked to pause\n');
    await until('a', 'Paused');
    await tapedeck('resume', 'a');
    await until('a', 'Recording');
    await tapedeck('stop', 'a');
    expect(await running.ended).toMatchObject({ code: 0 });
    expect((await recording('a')).status?.stopReason).toBe('Requested');
    expect(await tapedeck('stop', 'a')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: 'Recording a is over already (Uploaded).\n',
    });
    expect((await tapedeck('resume', 'a')).code).toBe(2);
  });

  it('names what is deleted meanwhile', async () => {
    const running = start(['run', '-f', write('a', 'maxDuration: 1h')]);
    await until('a', 'Recording');
    expect((await tapedeck('delete', 'rec', 'a')).code).toBe(0);
    const ended = await running.ended;
    expect(ended.code).toBe(1);
    expect(ended.stderr.match(/^Recording a was deleted meanwhile\.$/gm)).toHaveLength(1);
  });

  it('writes a Secret nowhere', async () => {
    const running = start(['run', '-f', write('a', 'maxDuration: 1h')]);
    await until('a', 'Recording');
    const [pid = 0] = recorders();
    if (process.platform === 'linux') {
      for (const of of [pid, running.child.pid]) {
        expect(readFileSync(`/proc/${of}/cmdline`, 'utf8')).not.toContain(secretValue);
        expect(readFileSync(`/proc/${of}/environ`, 'utf8')).not.toContain(secretValue);
      }
    }
    rmSync(join(data, 'a.yaml'));
    expect(() => execFileSync('grep', ['-rlaF', secretValue, data], { encoding: 'utf8' })).toThrow();
    running.child.kill('SIGINT');
    await running.ended;
    expect(() => execFileSync('grep', ['-rlaF', secretValue, data], { encoding: 'utf8' })).toThrow();
  });

  it('takes only what it can run', async () => {
    const storage = manifest('a', '').split('---\n')[1] ?? '';
    expect(await start(['run', '-f', '-'], {}, storage).ended).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no Recording'),
    });
  });

  it('follows a copy alone, says what it waits for, and leaves it on Ctrl-C', async () => {
    const storage = manifest('a', '').split('---\n')[1] ?? '';
    const copy = `apiVersion: tapedeck.dev/v1alpha1
kind: RecordingCopy
metadata: {name: archive}
spec: {recordingRef: {name: nope}, storage: {name: folder}}
`;
    const running = start(['run', '-f', '-'], {}, `${storage}---\n${copy}`);
    await expect
      .poll(running.stderr, { timeout: 10_000 })
      .toMatch(/recordingcopy\.tapedeck\.dev\/archive NotFound: .*nope/);
    running.child.kill('SIGINT');
    expect((await running.ended).code).toBe(130);
  });

  it.each([
    ['recording', 'folder'],
    ['storage', 'nowhere'],
  ])('gives up a copy alone, with 3 and what becomes of it, whose %s is not there', async (_, name) => {
    const [, storage = '', recorded = ''] = manifest('a', 'stopWhen: {elapsed: 1s}').split('---\n');
    const copy = (of: string) => `apiVersion: tapedeck.dev/v1alpha1
kind: RecordingCopy
metadata: {name: archive}
spec: {recordingRef: {name: ${of}}, storage: {name: ${name}}}
`;
    const key = manifest('a', '').split('---\n')[0] ?? '';
    const all = name === 'folder' ? [key, storage, copy('nope')] : [key, storage, recorded, copy('a')];
    const ended = await start(['run', '-f', '-', '--wait', '4s'], {}, all.join('---\n')).ended;
    expect(ended.code).toBe(3);
    expect(ended.stderr).toMatch(/\narchive has waited for 4 s to begin, and is given up; --wait/);
    expect(ended.stderr).toContain('archive is not copied: "tapedeck dev", or "run" with the same files');
  });
});

describe('several control processes', () => {
  it('lead one at a time; a follower hands over its Secrets, and takes over when the leader is killed', async () => {
    const leader = start(['dev']);
    await expect.poll(leader.stderr, { timeout: 10_000 }).toContain('Running the recordings');
    const follower = start(['run', '-f', write('a', 'maxDuration: 1h')], { FAKE_RECORDER: '' });
    await until('a', 'Recording');
    expect(follower.stderr()).not.toContain('this one goes on');
    const [before] = recorders();
    leader.child.kill('SIGKILL');
    await expect.poll(follower.stderr, { timeout: 10_000 }).toContain('this one goes on');
    expect(recorders()).toEqual([before]);
    // Recorded on through it, by the same process.
    const { status } = await recording('a');
    await expect
      .poll(async () => (await recording('a')).status?.progress?.bytesRecorded, { timeout: 10_000 })
      .toBeGreaterThan(status?.progress?.bytesRecorded ?? 0);
    // A next attempt needs the Secret, which only the follower knows now.
    process.kill(before ?? 0, 'SIGKILL');
    await expect
      .poll(async () => (await recording('a')).status?.attempts?.length, { timeout: 20_000 })
      .toBe(2);
    await until('a', 'Recording');
    follower.child.kill('SIGINT');
    expect((await follower.ended).code).toBe(130);
    expect(await phase('a')).toBe('Uploaded');
  });

  it('find what went on without them', async () => {
    const first = start(['run', '-f', write('a', 'maxDuration: 1h')]);
    await until('a', 'Recording');
    const pids = recorders();
    first.child.kill('SIGKILL');
    await first.ended;
    expect(recorders()).toEqual(pids);
    const next = start(['dev']);
    await expect.poll(next.stderr, { timeout: 10_000 }).toContain('Running the recordings');
    expect((await tapedeck('stop', 'a')).stdout).toBe('recording.tapedeck.dev/a asked to stop\n');
    await until('a', 'Uploaded');
    expect((await recording('a')).status?.attempts).toHaveLength(1);
    next.child.kill('SIGINT');
    expect((await next.ended).code).toBe(0);
    expect(recorders()).toEqual([]);
  });

  it('are not needed to pause, resume and stop what goes on: the command waits until it is so', async () => {
    const first = start(['run', '-f', write('a', 'maxDuration: 1h')]);
    await until('a', 'Recording');
    first.child.kill('SIGKILL');
    await first.ended;
    const old = /as of 20[^ ]+Z; no control process runs here, .* goes on by itself for up to 10 minutes/;
    expect((await tapedeck('get', 'rec')).stderr).toMatch(old);
    expect((await tapedeck('get', 'rec', '-o', 'json')).stderr).toBe('');
    expect((await tapedeck('describe', 'rec', 'a')).stdout).toMatch(old);
    expect((await tapedeck('doctor')).stdout).toMatch(/– +unattended +a, as of/);
    await tapedeck('apply', '-f', write('waits', 'maxDuration: 1h'));
    const paused = await tapedeck('pause', 'a');
    expect(paused).toMatchObject({ code: 0, stdout: 'recording.tapedeck.dev/a paused\n' });
    expect(paused.stderr).toMatch(/Still there: a, waits\. What records goes on .* up to 10 minutes/);
    expect(await phase('a')).toBe('Paused');
    expect((await tapedeck('resume', 'a')).stdout).toBe('recording.tapedeck.dev/a resumed\n');
    expect(await phase('a')).toBe('Recording');
    const stopped = await tapedeck('stop', 'a');
    expect(stopped).toMatchObject({ code: 0, stdout: 'recording.tapedeck.dev/a stopped\n' });
    expect(stopped.stderr).toContain('recording/a Uploaded');
    expect((await recording('a')).status).toMatchObject({ phase: 'Uploaded', stopReason: 'Requested' });
    expect(recorders()).toEqual([]);
    // What only waited was not started by that.
    expect((await recording('waits')).status).toBeUndefined();
  });

  it('are waited for no longer when the recorder does not say so', async () => {
    const first = start(['run', '-f', write('a', 'maxDuration: 1h')]);
    await until('a', 'Recording');
    first.child.kill('SIGKILL');
    await first.ended;
    const [pid = 0] = recorders();
    process.kill(pid, 'SIGSTOP');
    expect(await tapedeck('pause', 'a')).toMatchObject({
      code: 5,
      stdout: '',
      stderr: expect.stringContaining('the recorder has not said so in 15 s'),
    });
    const stopping = start(['stop', 'a']);
    await expect.poll(stopping.stderr, { timeout: 20_000 }).toContain('Ctrl-C waits no longer');
    stopping.child.kill('SIGINT');
    expect((await stopping.ended).code).toBe(130);
  }, 60_000);

  it('delete a recording that runs: it is ended, then it is gone', async () => {
    const dev = start(['dev']);
    await expect.poll(dev.stderr, { timeout: 10_000 }).toContain('Running the recordings');
    expect((await tapedeck('apply', '-f', write('a', 'maxDuration: 1h'))).code).toBe(0);
    await until('a', 'Recording');
    const deleted = await tapedeck('delete', 'rec', 'a');
    expect(deleted).toMatchObject({ code: 0, stdout: 'recording.tapedeck.dev/a deleted\n' });
    expect(await phase('a')).toBe('gone');
    expect(recorders()).toEqual([]);
    expect(readdirSync(join(data, 'runs'))).toEqual([]);
    expect(readdirSync(join(data, 'out'))).toHaveLength(1);
  });

  it('check a storage with the Secret that only control knows', async () => {
    const dev = start(['dev']);
    await expect.poll(dev.stderr, { timeout: 10_000 }).toContain('Running the recordings');
    const file = write('a', 'state: Paused, maxDuration: 1h');
    await tapedeck('apply', '-f', file);
    expect((await tapedeck('storage', 'check', 'folder')).stdout).toContain('folder: ready');
    dev.child.kill('SIGKILL');
    await dev.ended;
    const alone = await tapedeck('storage', 'check', 'folder');
    expect(alone).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('no Secret keys here; "tapedeck storage check -f FILE" takes it'),
    });
    expect((await tapedeck('storage', 'check', '-f', file)).code).toBe(0);
  });

  it('check a storage that is ready anew once its Secret is another one, and only then', async () => {
    const dev = start(['dev']);
    await expect.poll(dev.stderr, { timeout: 10_000 }).toContain('Running the recordings');
    const file = write('a', 'state: Paused, maxDuration: 1h');
    const checked = async () => {
      const { stdout } = await tapedeck('get', 'xs', 'folder', '-o', 'json');
      const { status } = JSON.parse(stdout) as ExternalStorage;
      return status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true
        ? status.lastCheck
        : undefined;
    };
    await tapedeck('apply', '-f', file);
    await expect.poll(checked, { timeout: 10_000 }).toBeDefined();
    const first = await checked();
    await tapedeck('apply', '-f', file);
    expect((await checked())?.request).toBe(first?.request);
    writeFileSync(file, manifest('a', 'state: Paused, maxDuration: 1h').replace(secretValue, 'another'));
    await tapedeck('apply', '-f', file);
    await expect.poll(async () => (await checked())?.request, { timeout: 10_000 }).not.toBe(first?.request);
  });

  it('make links with the Secret that only control knows, and keep none of them', async () => {
    const dev = start(['dev']);
    await expect.poll(dev.stderr, { timeout: 10_000 }).toContain('Running the recordings');
    const file = write('a', 'maxDuration: 1h');
    await tapedeck('apply', '-f', file);
    await until('a', 'Recording');
    expect(await tapedeck('link', 'a')).toMatchObject({
      code: 3,
      stdout: '',
      stderr: expect.stringContaining('Recording a has no finished file (it is Recording)'),
    });
    await tapedeck('stop', 'a');
    await until('a', 'Uploaded');
    const made = await tapedeck('link', 'a', '--expires', '2h');
    expect(made).toMatchObject({
      code: 0,
      stderr: 'told beside it\nWhoever has a link has the file, until 2026-11-21T09:00:00.000Z.\n',
    });
    expect(made.stdout).toMatch(/^https:\/\/h\/[^\n]+\.mp4\?for=7200&signature=c2lnbmVk\n$/);
    const json = await tapedeck('link', 'recording/a', '-o', 'json');
    expect(JSON.parse(json.stdout)).toMatchObject([
      { type: 'Signed', url: expect.stringContaining('for=3600&') },
    ]);
    for (const each of readdirSync(data, { recursive: true, withFileTypes: true })) {
      if (!each.isFile()) continue;
      expect(readFileSync(join(each.parentPath, each.name), 'latin1')).not.toContain('c2lnbmVk');
    }

    expect(await tapedeck('link', 'a', '--expires', '169h')).toMatchObject({ code: 2, stdout: '' });
    expect(await tapedeck('link', 'b')).toMatchObject({ code: 3, stdout: '' });
    dev.child.kill('SIGKILL');
    await dev.ended;
    expect(await tapedeck('link', 'a')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('no Secret keys here; "tapedeck link RECORDING -f FILE" takes it'),
    });
    expect((await tapedeck('link', 'a', '-f', file)).code).toBe(0);
    const refused = await start(['link', 'a', '-f', file], { FAKE_RECORDER: 'refused' }).ended;
    expect(refused).toMatchObject({ code: 4, stdout: '', stderr: 'error: a link opens nothing (403)\n' });
  }, 60_000);
});
