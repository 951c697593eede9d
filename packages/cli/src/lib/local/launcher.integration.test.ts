import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RunPlan } from '@tapedeck/control';
import type { RunReport } from '@tapedeck/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { boundLog } from './bounded-log.ts';
import { type ControlServer, startControlServer } from './control-server.ts';
import { controlSocketPath } from './control-socket.ts';
import { openDataDirectory } from './data-directory.ts';
import { createLocalLauncher, type LocalLauncher } from './launcher.ts';
import { runDirectory } from './run-directory.ts';
import { createSecretCache } from './secret-cache.ts';

const fake = fileURLToPath(new URL('../../../fixtures/fake-recorder.mjs', import.meta.url));
const secretValue = 'wJalrXUtnFEMIK7MDENGbPxRfiCYKEY';

let root: string;
let launcher: LocalLauncher;
let server: ControlServer;
let reports: RunReport[];
let desired: 'Recording' | 'Stopped';
const secrets = createSecretCache();

function start(options: { killGraceMs?: number } = {}): LocalLauncher {
  return createLocalLauncher({
    scratchBytes: 1024 * 1024,
    data: openDataDirectory(root),
    recorder: [process.execPath, fake],
    secrets,
    socket: controlSocketPath(root),
    onError: (error) => {
      throw error;
    },
    ...options,
  });
}

function plan(id: string, extra: Partial<RunPlan> = {}): RunPlan {
  return {
    version: 1,
    mode: 'Record',
    id,
    recording: { namespace: 'default', name: 'r', uid: id.replace(/-\d+$/, '') },
    attempt: 1,
    source: { type: 'TestCard' },
    video: {},
    audio: {},
    maxDurationSeconds: 60,
    splitEverySeconds: 7200,
    durabilitySeconds: 5,
    storages: [
      {
        name: 's',
        spec: {
          provider: 'Local',
          local: { directory: join(root, 'out') },
          credentials: { secretRef: { name: 'keys' } },
        },
      },
    ],
    keyBase: 'file',
    previous: [],
    desired: 'Recording',
    ...extra,
  };
}

async function ended(id: string) {
  return await vi.waitFor(
    async () => {
      const seen = await launcher.observe(id);
      expect(seen.state).toBe('Exited');
      return seen;
    },
    { timeout: 10_000, interval: 50 },
  );
}

function pidOf(id: string): number {
  return JSON.parse(readFileSync(join(root, 'runs', id, 'run.json'), 'utf8')).process.pid;
}

function members(group: number): string[] {
  return execFileSync('ps', ['-eo', 'pgid=,stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => new RegExp(`^\\s*${group}\\s+[^Z]`).test(line));
}

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'tapedeck-launch-'));
  reports = [];
  desired = 'Recording';
  secrets.put([{ namespace: 'default', name: 'keys', values: { secretAccessKey: secretValue } }]);
  server = await startControlServer(controlSocketPath(root), {
    receiveReport: async (report) => {
      reports.push(report);
      return { desired, intervalSeconds: 1 };
    },
    putSecrets: async () => undefined,
    check: () => Promise.reject(new Error('not asked for')),
    link: () => Promise.reject(new Error('not asked for')),
  });
  launcher = start();
});

afterEach(async () => {
  for (const id of existsSync(join(root, 'runs')) ? readdirSync(join(root, 'runs')) : [])
    await launcher.forget(id);
  launcher.close();
  await server.close();
  vi.unstubAllEnvs();
  rmSync(root, { recursive: true, force: true });
});

it('listens for its user only', () => {
  expect(statSync(controlSocketPath(root)).mode & 0o777).toBe(0o600);
});

describe('a run as a child process', () => {
  it('starts once, reports to the socket, and ends with its code and its result', async () => {
    const changed: string[] = [];
    launcher.watch((uid) => changed.push(uid), new AbortController().signal);
    expect(await launcher.observe('u1-1')).toEqual({ state: 'Absent' });
    const once = plan('u1-1', { stopAfterSeconds: 0.5 });
    await Promise.all([launcher.launch(once), launcher.launch(once)]);
    const pid = pidOf('u1-1');
    await launcher.launch(once);
    expect(pidOf('u1-1')).toBe(pid);
    expect(await launcher.observe('u1-1')).toMatchObject({ state: 'Running' });
    const seen = await ended('u1-1');
    expect(seen).toMatchObject({ exitCode: 0, report: { result: { exit: 'Complete' } } });
    expect(reports.at(-1)?.state).toBe('Ended');
    expect(changed.length).toBeGreaterThanOrEqual(2);
    expect(new Set(changed)).toEqual(new Set(['u1']));
    await launcher.launch(once);
    expect(pidOf('u1-1')).toBe(pid);
  });

  it('hands secrets over stdin and lets them be seen nowhere else', async () => {
    await launcher.launch(plan('u2-1'));
    await vi.waitFor(() => expect(reports.length).toBeGreaterThan(0));
    const pid = pidOf('u2-1');
    for (const file of ['cmdline', 'environ']) {
      if (process.platform === 'linux')
        expect(readFileSync(`/proc/${pid}/${file}`, 'utf8')).not.toContain(secretValue);
    }
    await launcher.terminate('u2-1');
    await ended('u2-1');
    expect(() => execFileSync('grep', ['-rqF', secretValue, root])).toThrow();
    for (const id of readdirSync(join(root, 'runs'))) {
      for (const name of readdirSync(join(root, 'runs', id))) {
        expect(readFileSync(join(root, 'runs', id, name), 'utf8')).not.toContain(secretValue);
      }
    }
  });

  it('says which Secret is missing, and starts nothing', async () => {
    const without = plan('u3-1');
    const spec = { provider: 'Local' as const, credentials: { secretRef: { name: 'other' } } };
    await expect(launcher.launch({ ...without, storages: [{ name: 's', spec }] })).rejects.toMatchObject({
      code: 'NotFound',
      message: expect.stringMatching(/no Secret other .* `kind: Secret` document/),
    });
    const byKey = {
      ...without,
      source: { type: 'Stream' as const, lostTimeoutSeconds: 1, startTimeoutSeconds: 1 },
    };
    await expect(
      launcher.launch({ ...byKey, source: { ...byKey.source, urlSecretRef: { name: 'keys', key: 'url' } } }),
    ).rejects.toMatchObject({ code: 'NotFound', message: expect.stringContaining('no key url') });
    expect(await launcher.observe('u3-1')).toEqual({ state: 'Absent' });
  });

  it('tells a kill from an end, and leaves nothing of the group behind', async () => {
    vi.stubEnv('FAKE_RECORDER', 'leftover');
    await launcher.launch(plan('u4-1'));
    await vi.waitFor(() => expect(reports.length).toBeGreaterThan(0));
    const pid = pidOf('u4-1');
    expect(members(pid)).toHaveLength(2);
    process.kill(pid, 'SIGKILL');
    const seen = await ended('u4-1');
    expect(seen).toMatchObject({ signal: 'SIGKILL' });
    expect(seen.report).toBeUndefined();
    expect(members(pid)).toEqual([]);
  });

  it('asks with SIGTERM and kills after the grace', async () => {
    vi.stubEnv('FAKE_RECORDER', 'ignore-term');
    launcher.close();
    launcher = start({ killGraceMs: 400 });
    await launcher.launch(plan('u5-1'));
    await vi.waitFor(() => expect(reports.length).toBeGreaterThan(0));
    await launcher.terminate('u5-1');
    await launcher.terminate('u5-1');
    expect(await ended('u5-1')).toMatchObject({ signal: 'SIGKILL' });
    expect(readFileSync(join(root, 'runs', 'u5-1', 'recorder.log'), 'utf8')).toContain('SIGTERM');
  });

  it('is adopted by a next launcher, which learns how it ended', async () => {
    vi.stubEnv('FAKE_RECORDER', 'leftover');
    const script = `
      import { createLocalLauncher } from ${JSON.stringify(new URL('./launcher.ts', import.meta.url).href)};
      import { openDataDirectory } from ${JSON.stringify(new URL('./data-directory.ts', import.meta.url).href)};
      const [root, fake, socket, plan] = process.argv.slice(1);
      const secrets = { get: () => ({ secretAccessKey: 'x' }) };
      const data = openDataDirectory(root);
      const launcher = createLocalLauncher({ data, recorder: [process.execPath, fake], secrets, socket, onError: console.error, scratchBytes: 1024 * 1024 });
      await launcher.launch(JSON.parse(plan));
      process.kill(process.pid, 'SIGKILL');`;
    const first = spawnSync(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        script,
        root,
        fake,
        controlSocketPath(root),
        JSON.stringify(plan('u6-1')),
      ],
      { encoding: 'utf8' },
    );
    expect(first).toMatchObject({ signal: 'SIGKILL', stderr: '' });
    expect(await launcher.observe('u6-1')).toMatchObject({ state: 'Running' });
    await vi.waitFor(() => expect(reports.length).toBeGreaterThan(0), { timeout: 5_000 });
    const pid = pidOf('u6-1');
    expect(members(pid)).toHaveLength(2);
    const told = new Promise((resolve) => launcher.watch(resolve, new AbortController().signal));
    desired = 'Stopped';
    expect(await told).toBe('u6');
    const seen = await launcher.observe('u6-1');
    expect(seen).toMatchObject({ state: 'Exited', exitCode: 0, report: { result: { exit: 'Complete' } } });
    expect(members(pid)).toEqual([]);
  });
});

describe('what an earlier control process left half done', () => {
  const leave = (id: string, process: { pid: number; started: string }, delivered: boolean) => {
    const directory = runDirectory(join(root, 'runs'), id);
    directory.create();
    const startTime = new Date().toISOString();
    directory.writeRecord({ id, recordingUid: id.replace(/-\d+$/, ''), process, startTime, delivered });
  };

  it('is launched again when the recorder never got its spec', async () => {
    leave('u8-1', { pid: 2 ** 22, started: 'long ago' }, false);
    expect(await launcher.observe('u8-1')).toEqual({ state: 'Absent' });
    await launcher.launch(plan('u8-1', { stopAfterSeconds: 0.2 }));
    expect(await ended('u8-1')).toMatchObject({ exitCode: 0 });
  });

  it('has ended when its process id belongs to another process by now, which is left alone', async () => {
    const stranger = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
    try {
      leave('u9-1', { pid: stranger.pid ?? 0, started: 'another time' }, true);
      const seen = await launcher.observe('u9-1');
      expect(seen).toMatchObject({ state: 'Exited' });
      expect(seen.exitCode).toBeUndefined();
      await launcher.terminate('u9-1');
      await launcher.forget('u9-1');
      expect(stranger.exitCode ?? stranger.signalCode).toBeNull();
      expect(members(stranger.pid ?? 0)).toHaveLength(1);
    } finally {
      stranger.kill('SIGKILL');
    }
  });
});

describe('what is left of a run', () => {
  it('is removed with the last attempt: scratch is shared', async () => {
    vi.stubEnv('FAKE_RECORDER', 'deaf');
    await launcher.launch(plan('u7-1'));
    await launcher.launch(plan('u7-2'));
    await ended('u7-1');
    await ended('u7-2');
    await launcher.forget('u7-1');
    expect(existsSync(join(root, 'scratch', 'u7'))).toBe(true);
    await launcher.forget('u7-2');
    expect(existsSync(join(root, 'scratch', 'u7'))).toBe(false);
    expect(readdirSync(join(root, 'runs'))).toEqual([]);
    await launcher.forget('u7-2');
  });

  it('bounds the log under a writer that goes on', async () => {
    const log = join(root, 'x.log');
    writeFileSync(log, `${'old line\n'.repeat(1000)}last line\n`);
    boundLog(log, 1000);
    expect(statSync(log).size).toBe(0);
    const kept = readFileSync(`${log}.1`, 'utf8');
    expect(kept.length).toBeLessThanOrEqual(1000);
    expect(kept).toMatch(/^old line\n(?:old line\n)*last line\n$/);
  });
});

describe('a storage check', () => {
  const checked = { id: 'c', namespace: 'default', name: 's', spec: { provider: 'Local' as const } };

  it('gives back its report', async () => {
    const report = await launcher.check(checked, new AbortController().signal);
    expect(report).toMatchObject({ ready: true, reason: 'Ready' });
  });

  it('is given up on the signal, its process with it', async () => {
    vi.stubEnv('FAKE_RECORDER', 'hang');
    const begun = performance.now();
    await expect(launcher.check(checked, AbortSignal.timeout(300))).rejects.toMatchObject({
      code: 'Aborted',
    });
    expect(performance.now() - begun).toBeLessThan(5_000);
  });
});
