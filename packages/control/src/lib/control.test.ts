import { setTimeout as sleep } from 'node:timers/promises';
import { type Recording, TapedeckError } from '@tapedeck/core';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ControlOptions } from './options.ts';
import { type ControlBench, createControlBench } from './testing/control-bench.ts';
import type { MemoryRun } from './testing/memory-launcher.ts';

const timing = {
  retryDelay: 0.05,
  finishDelay: 0.05,
  maxFinishDelay: 0.05,
  finishAttempts: 3,
  launchDelay: 0.02,
  maxLaunchDelay: 0.05,
  recheckDelay: 0.02,
};
const benches: ControlBench[] = [];

function begin(options: ControlOptions = {}): ControlBench {
  const bench = createControlBench({
    progressInterval: 0.02,
    ...options,
    timing: { ...timing, ...options.timing },
  });
  benches.push(bench);
  bench.start();
  return bench;
}

afterEach(async () => {
  await Promise.all(benches.splice(0).map((bench) => bench.stop()));
});

function applyStorage({ resources }: ControlBench, name = 'team') {
  return resources.apply('ExternalStorage', {
    metadata: { name },
    spec: { provider: 'Local', local: { directory: '/recordings' }, prefix: '/meetings/' },
  });
}

function applyRecording(
  { resources }: ControlBench,
  name = 'physics',
  spec: Partial<Recording['spec']> = {},
) {
  return resources.apply('Recording', {
    metadata: { name },
    spec: { source: { type: 'TestCard' }, storage: { refs: [{ name: 'team' }] }, ...spec },
  });
}

async function read({ resources }: ControlBench, name = 'physics'): Promise<Recording> {
  const recording = await resources.get('Recording', 'default', name);
  if (recording === undefined) throw new Error(`${name} is gone`);
  return recording;
}

async function runOf({ launcher }: ControlBench, number = 1): Promise<MemoryRun> {
  return vi.waitFor(() => {
    const run = launcher.runs.find(({ plan }) => plan.attempt === number);
    if (run === undefined) throw new Error(`no run ${number}`);
    return run;
  });
}

async function phase(bench: ControlBench, wanted: string, name = 'physics'): Promise<Recording> {
  return vi.waitFor(async () => {
    const recording = await read(bench, name);
    expect(recording.status?.phase, JSON.stringify(recording.status?.conditions?.[0])).toBe(wanted);
    return recording;
  });
}

const conditions = ({ status }: Recording) =>
  (status?.conditions ?? []).filter((condition) => condition.status === 'True').map(({ type }) => type);

describe('a recording', () => {
  it('goes from its request to a file in the storage', async () => {
    const bench = begin();
    applyStorage(bench);
    applyRecording(bench, 'physics', { room: 'lab', path: '{namespace}' });
    const run = await runOf(bench);
    expect(run.plan).toMatchObject({
      mode: 'Record',
      attempt: 1,
      source: { type: 'TestCard' },
      maxDurationSeconds: 86_400,
      splitEverySeconds: 7200,
      durabilitySeconds: 5,
      desired: 'Recording',
      previous: [],
      storages: [{ name: 'team' }],
    });
    expect(run.plan.keyBase).toMatch(/^default\/lab_\d{8}T\d{6}Z$/);
    expect(conditions(await phase(bench, 'Starting'))).toEqual(['Reconciling']);
    expect(await run.report('Recording', { seconds: 2 })).toEqual({
      desired: 'Recording',
      intervalSeconds: 1,
    });
    expect(conditions(await phase(bench, 'Recording'))).toEqual(['Ready', 'Recording']);
    await run.report('Uploading', { seconds: 10 });
    expect(conditions(await phase(bench, 'Uploading'))).toEqual(['Ready']);
    await run.finish({ exit: 'Complete', stopReason: 'SourceEnded' }, { seconds: 10, complete: true });
    const done = await phase(bench, 'Uploaded');
    expect(conditions(done)).toEqual(['Ready', 'Uploaded', 'Complete']);
    expect(done.status).toMatchObject({
      observedGeneration: 1,
      startReason: 'ApiCall',
      stopReason: 'SourceEnded',
      duration: '10s',
      storage: { name: 'team', bucket: '/recordings', provider: 'Local' },
      outputs: [
        { type: 'File', bytes: 10_000, duration: '10s', storage: 'team', segment: 1, crc32: '00000000' },
      ],
      attempts: [{ number: 1, mode: 'Record', reason: 'Complete' }],
    });
    expect(done.status?.outputs?.[0]?.key).toBe(`meetings/${run.plan.keyBase}.mp4`);
    expect(done.status?.progress?.bitrate).toBeUndefined();
    expect(bench.launcher.forgotten).toEqual([run.plan.id]);
  });

  it('hears of a pause, a resume and a stop in the answers', async () => {
    const bench = begin();
    applyStorage(bench);
    applyRecording(bench);
    const run = await runOf(bench);
    await run.report('Recording', { seconds: 1 });
    applyRecording(bench, 'physics', { state: 'Paused' });
    expect((await run.report('Recording', { seconds: 1 })).desired).toBe('Paused');
    await run.report('Paused', { seconds: 1 });
    expect(conditions(await phase(bench, 'Paused'))).toEqual(['Ready']);
    applyRecording(bench, 'physics', { state: 'Recording' });
    expect((await run.report('Recording', { seconds: 1 })).desired).toBe('Recording');
    await phase(bench, 'Recording');
    applyRecording(bench, 'physics', { state: 'Stopped' });
    expect((await run.report('Recording', { seconds: 2 })).desired).toBe('Stopped');
    await run.finish({ exit: 'Complete', stopReason: 'Requested' }, { seconds: 2, complete: true });
    expect((await phase(bench, 'Uploaded')).status?.stopReason).toBe('Requested');
  });

  it('waits for its storage, says so, and starts when it is ready', async () => {
    const bench = begin({ timing: { recheckDelay: 0.3 } });
    bench.launcher.refusals.push(new TapedeckError('StorageDenied', 'PutObject was denied.'));
    applyRecording(bench);
    await vi.waitFor(async () =>
      expect((await read(bench)).status?.conditions?.[0]?.message).toBe(
        'Waits for its storage to be ready: team is not there; apply it.',
      ),
    );
    applyStorage(bench);
    await vi.waitFor(async () =>
      expect((await read(bench)).status?.conditions?.[0]?.message).toMatch(
        /StorageDenied: PutObject was denied/,
      ),
    );
    await runOf(bench);
    expect(bench.launcher.runs).toHaveLength(1);
  });

  const both = { refs: [{ name: 'team' }, { name: 'spare' }] };

  it('waits for the first check of the storage that it prefers, though another is ready', async () => {
    const bench = begin();
    const ready = bench.launcher.checkReport;
    let answer: (() => void) | undefined;
    bench.launcher.checkReport = async (id) => {
      if (answer === undefined) await new Promise<void>((resolve) => (answer = resolve));
      return ready(id);
    };
    applyStorage(bench, 'team');
    await vi.waitFor(() => expect(answer).toBeDefined());
    applyStorage(bench, 'spare');
    applyRecording(bench, 'physics', { storage: both });
    await vi.waitFor(async () =>
      expect((await read(bench)).status?.conditions?.[0]?.message).toMatch(
        /^Waits for the first check of team, which comes before spare; for 10 s at most/,
      ),
    );
    answer?.();
    const run = await runOf(bench);
    expect(run.plan.storages.map(({ name }) => name)).toEqual(['team', 'spare']);
    expect(run.plan).toMatchObject({ fallbackAfterSeconds: 120 });
    expect(run.plan.storageMode).toBeUndefined();
  });

  it('does not wait for that check for ever', async () => {
    const bench = begin({ timing: { firstCheckGrace: 0.2 } });
    const ready = bench.launcher.checkReport;
    const never = new Promise<never>(() => undefined);
    let checks = 0;
    bench.launcher.checkReport = (id) => (++checks === 1 ? never : ready(id));
    applyStorage(bench, 'team');
    await vi.waitFor(() => expect(checks).toBe(1));
    applyStorage(bench, 'spare');
    applyRecording(bench, 'physics', { storage: { ...both, fallbackAfter: '30s' } });
    const run = await runOf(bench);
    expect(run.plan.storages.map(({ name }) => name)).toEqual(['spare', 'team']);
    expect(run.plan).toMatchObject({ fallbackAfterSeconds: 30 });
    benches.splice(benches.indexOf(bench), 1); // Its check ends as little as it does.
  });

  it('goes to all of its storages in their order with mode Mirror, once all are there', async () => {
    const bench = begin();
    applyStorage(bench, 'spare');
    applyRecording(bench, 'physics', { storage: { ...both, mode: 'Mirror' } });
    await vi.waitFor(async () =>
      expect((await read(bench)).status?.conditions?.[0]?.message).toBe(
        'Waits for all of its storages: team is not there; apply it.',
      ),
    );
    applyStorage(bench, 'team');
    const run = await runOf(bench);
    expect(run.plan.storages.map(({ name }) => name)).toEqual(['team', 'spare']);
    expect(run.plan).toMatchObject({ storageMode: 'Mirror' });
  });

  it('goes to the default of its namespace, with its profile frozen', async () => {
    const bench = begin();
    bench.resources.apply('ExternalStorage', {
      metadata: { name: 'main', annotations: { 'tapedeck.dev/is-default': 'true' } },
      spec: { provider: 'Local', local: { directory: '/d' } },
    });
    bench.resources.apply('Recording', {
      metadata: { name: 'physics' },
      spec: { profileRef: { name: 'hd' }, room: 'a b' },
    });
    await vi.waitFor(async () =>
      expect((await read(bench)).status?.conditions?.[0]?.reason).toBe('ProfileNotFound'),
    );
    const profile = (width: number) =>
      bench.resources.apply('RecordingProfile', {
        metadata: { name: 'hd' },
        spec: { source: { type: 'Stream', stream: { url: 'rtmp://h/live/{room}' } }, video: { width } },
      });
    profile(1280);
    const run = await runOf(bench);
    expect(run.plan.source).toMatchObject({
      type: 'Stream',
      url: 'rtmp://h/live/a%20b',
      lostTimeoutSeconds: 30,
    });
    expect(run.plan.storages[0]?.name).toBe('main');
    profile(640);
    await run.report('Recording', { seconds: 1 });
    run.kill();
    expect((await runOf(bench, 2)).plan.video.width).toBe(1280);
  });

  it('is refused at once when it asks for what this build cannot do', async () => {
    const bench = begin();
    applyStorage(bench);
    applyRecording(bench, 'physics', {
      source: { type: 'Page', page: { url: 'https://h/' } },
      video: { codec: 'VP8' },
    });
    const failed = await phase(bench, 'Failed');
    expect(conditions(failed)).toEqual(['Stalled', 'Failed']);
    expect(failed.status?.conditions?.[0]).toMatchObject({
      reason: 'NotSupported',
      message: expect.stringContaining('spec.source.type: Page is not supported by this version'),
    });
    expect(bench.launcher.launches).toEqual([]);
  });

  it('ends without a run when it is stopped before it started', async () => {
    const bench = begin();
    applyRecording(bench, 'physics', { state: 'Stopped' });
    const failed = await phase(bench, 'Failed');
    expect(failed.status?.conditions?.[0]?.reason).toBe('NothingRecorded');
    expect(failed.status?.stopReason).toBe('Requested');
    expect(bench.launcher.launches).toEqual([]);
  });

  it('says why it cannot be started, and is when that is put right', async () => {
    const bench = begin();
    applyStorage(bench);
    await vi.waitFor(() => expect(bench.launcher.checks).toBe(1));
    for (let time = 0; time < 3; time += 1) {
      bench.launcher.refusals.push(
        new TapedeckError('NotFound', 'Secret join in namespace default is not there'),
      );
    }
    applyRecording(bench);
    await vi.waitFor(async () =>
      expect((await read(bench)).status?.conditions?.[0]).toMatchObject({
        status: 'False',
        reason: 'NotFound',
        message: expect.stringContaining('Secret join in namespace default is not there'),
      }),
    );
    const run = await runOf(bench);
    expect(bench.launcher.launches).toEqual(Array(4).fill(run.plan.id));
    await run.report('Recording', { seconds: 1 });
    await phase(bench, 'Recording');
  });
});

describe('a run that breaks off', () => {
  it('is followed by one that goes on, and the gap is written down', async () => {
    const bench = begin();
    applyStorage(bench);
    applyRecording(bench, 'physics', { maxDuration: '1h', stopWhen: { elapsed: '20s' } });
    const first = await runOf(bench);
    await first.report('Recording', { seconds: 8 });
    await sleep(30);
    first.kill();
    const second = await runOf(bench, 2);
    expect(second.plan).toMatchObject({
      mode: 'Record',
      keyBase: first.plan.keyBase,
      maxDurationSeconds: 3592,
      stopAfterSeconds: 12,
      previous: [
        { attempt: 1, state: 'Open', durationSeconds: 8, journal: { token: { upload: first.plan.id } } },
      ],
    });
    await second.report('Recording', { seconds: 1 });
    await phase(bench, 'Recording');
    await second.finish({ exit: 'Complete', stopReason: 'Requested' }, { seconds: 12, complete: true });
    const done = await phase(bench, 'Uploaded');
    expect(done.status?.gaps).toEqual([
      { start: '8s', duration: expect.stringMatching(/^0\.\d+s$/), reason: 'Interrupted' },
    ]);
    expect(done.status?.duration).toBe('20s');
    expect(done.status?.outputs).toHaveLength(2);
    expect(done.status?.attempts?.map(({ reason }) => reason)).toEqual(['Killed', 'Complete']);
  });

  it('is finished instead when it was to stop anyway', async () => {
    const bench = begin();
    applyStorage(bench);
    applyRecording(bench);
    const first = await runOf(bench);
    await first.report('Recording', { seconds: 8 });
    applyRecording(bench, 'physics', { state: 'Stopped' });
    first.kill();
    const finish = await runOf(bench, 2);
    expect(finish.plan.mode).toBe('Finish');
    await phase(bench, 'Uploading');
    await finish.finish({ exit: 'Complete', stopReason: 'Requested' });
    const done = await phase(bench, 'Uploaded');
    expect(done.status).toMatchObject({ stopReason: 'Requested', duration: '8s' });
    expect(done.status?.outputs).toHaveLength(1);
  });

  it('is tried again until its retries are used up, and then delivered', async () => {
    const bench = begin();
    applyStorage(bench);
    bench.launcher.onLaunch = (run) => {
      if (run.plan.mode === 'Finish') void run.finish({ exit: 'Complete' });
      else if (run.plan.attempt === 1) void run.report('Recording', { seconds: 3 }).then(() => run.exit(75));
      else void run.finish({ exit: 'Retry', code: 'EncoderFailed', message: 'ffmpeg crashed.' });
    };
    applyRecording(bench, 'physics', { retries: 2 });
    const done = await phase(bench, 'Uploaded');
    expect(done.status?.attempts?.map(({ mode, reason }) => `${mode} ${reason}`)).toEqual([
      'Record Retry',
      'Record Retry',
      'Record Retry',
      'Finish Complete',
    ]);
    expect(done.status?.stopReason).toBe('InternalError');
  });

  it('fails the recording when nothing was ever recorded', async () => {
    const bench = begin();
    applyStorage(bench);
    bench.launcher.onLaunch = (run) => run.exit(1);
    applyRecording(bench, 'physics', { retries: 1 });
    const failed = await phase(bench, 'Failed');
    expect(bench.launcher.launches).toHaveLength(2);
    expect(failed.status?.conditions?.[0]).toMatchObject({ reason: 'RetriesExhausted' });
    expect(failed.status?.outputs ?? []).toEqual([]);
  });

  it('that could not deliver is finished later, and failing for good names what is missing', async () => {
    const bench = begin({ timing: { ...timing, deliverDelay: 0.05, deliverWithin: 1 } });
    applyStorage(bench);
    applyRecording(bench);
    const run = await runOf(bench);
    await run.report('Recording', { seconds: 5 });
    bench.launcher.onLaunch = (finish) =>
      void finish.finish({ exit: 'Undelivered', code: 'StorageUnreachable', message: 'The bucket is away.' });
    await run.finish(
      {
        exit: 'Undelivered',
        stopReason: 'MaxDuration',
        code: 'StorageUnreachable',
        message: 'The bucket is away.',
      },
      { seconds: 5 },
    );
    const failed = await vi.waitFor(() => phase(bench, 'Failed'), { timeout: 5_000 });
    expect(failed.status?.attempts?.slice(0, 4).map(({ mode }) => mode)).toEqual([
      'Record',
      'Finish',
      'Finish',
      'Finish',
    ]);
    expect(failed.status?.stopReason).toBe('MaxDuration');
    expect(failed.status?.conditions?.[0]).toMatchObject({
      reason: 'StorageUnreachable',
      message: expect.stringContaining(`Not complete: ${run.plan.keyBase}.mp4`),
    });
    // What is left lies on scratch: nothing is thrown away.
    expect(bench.launcher.forgotten).toEqual([]);
  });

  it('because of its storage waits for that one to be ready again, and is delivered then', async () => {
    const bench = begin();
    const denied = { exit: 'StorageRefused', code: 'StorageDenied', message: 'Denied.' } as const;
    applyStorage(bench);
    applyRecording(bench);
    const run = await runOf(bench);
    await run.report('Recording', { seconds: 5 });
    const ready = bench.launcher.checkReport;
    bench.launcher.checkReport = async (id) => ({
      ...(await ready(id)),
      ready: false,
      reason: 'StorageDenied',
      message: 'It may not write.',
    });
    const checks = bench.launcher.checks;
    await run.finish(denied, { seconds: 5 });
    await vi.waitFor(async () => {
      const { status } = await read(bench);
      expect(status?.phase).toBe('Uploading');
      expect(status?.conditions?.find(({ type }) => type === 'Stalled')).toMatchObject({
        status: 'True',
        reason: 'StorageDenied',
        message: expect.stringMatching(/^Since 2.*, team lacks 5000 bytes of .*: Denied\. .*given up at 2/),
      });
    });
    // Asked anew at once, though its last check was good and young.
    await vi.waitFor(() => expect(bench.launcher.checks).toBeGreaterThan(checks));
    expect(bench.launcher.runs).toHaveLength(1);
    bench.launcher.onLaunch = (finish) => void finish.finish({ exit: 'Complete' });
    bench.launcher.checkReport = ready;
    const uploaded = await vi.waitFor(() => phase(bench, 'Uploaded'), { timeout: 10_000 });
    expect(uploaded.status?.attempts?.map(({ mode }) => mode)).toEqual(['Record', 'Finish']);
    expect(uploaded.status?.conditions?.find(({ type }) => type === 'Stalled')?.status).toBe('False');
  });

  it.each([
    ['SourceFailed', 'SourceNotMedia'],
    ['StorageRefused', 'StorageDenied'],
    ['Invalid', 'InvalidManifest'],
  ] as const)('with %s is not tried again', async (exit, code) => {
    const bench = begin();
    applyStorage(bench);
    applyRecording(bench);
    await (await runOf(bench)).finish({ exit, code, message: 'It cannot be.' });
    const failed = await phase(bench, 'Failed');
    expect(conditions(failed)).toEqual(['Stalled', 'Failed']);
    expect(failed.status?.conditions?.[0]?.reason).toBe(code);
    expect(bench.launcher.launches).toHaveLength(1);
  });

  it('keeps what was recorded when the source is gone for good afterwards', async () => {
    const bench = begin();
    applyStorage(bench);
    applyRecording(bench);
    await (await runOf(bench)).finish(
      { exit: 'SourceFailed', code: 'SourceLost', message: 'The stream is gone.' },
      { seconds: 4, complete: true },
    );
    const done = await phase(bench, 'Uploaded');
    expect(done.status?.stopReason).toBe('SourceEnded');
    expect(done.status?.notices).toEqual([{ reason: 'SourceLost', message: 'The stream is gone.' }]);
  });

  it('with exit code 0 and no result is not believed', async () => {
    const bench = begin();
    applyStorage(bench);
    applyRecording(bench, 'physics', { state: 'Recording' });
    const run = await runOf(bench);
    await run.report('Recording', { seconds: 4 });
    run.exit(0);
    expect((await runOf(bench, 2)).plan.previous).toHaveLength(1);
  });

  it('and lives on is told to stop once it has a successor', async () => {
    const bench = begin();
    applyStorage(bench);
    applyRecording(bench);
    const zombie = await runOf(bench);
    await zombie.report('Recording', { seconds: 1 });
    zombie.kill();
    await runOf(bench, 2);
    expect((await zombie.report('Recording', { seconds: 2 })).desired).toBe('Stopped');
  });
});

describe('control', () => {
  it('adopts a run that an earlier control started', async () => {
    const bench = begin();
    applyStorage(bench);
    applyRecording(bench);
    const run = await runOf(bench);
    await run.report('Recording', { seconds: 1 });
    await phase(bench, 'Recording');
    await bench.stop();
    const { writes } = bench.resources;
    bench.start();
    await sleep(30);
    expect(bench.resources.writes).toBe(writes);
    await run.report('Recording', { seconds: 60 });
    await vi.waitFor(async () => expect((await read(bench)).status?.duration).toBe('60s'));
    await run.finish({ exit: 'Complete', stopReason: 'SourceEnded' }, { seconds: 61, complete: true });
    await phase(bench, 'Uploaded');
    expect(bench.launcher.launches).toHaveLength(1);
  });

  it('finds out what happened while it was away', async () => {
    const bench = begin();
    applyStorage(bench);
    applyRecording(bench, 'a');
    applyRecording(bench, 'b');
    await vi.waitFor(() => expect(bench.launcher.runs).toHaveLength(2));
    const [a, b] = bench.launcher.runs;
    await a?.report('Recording', { seconds: 1 });
    await b?.report('Recording', { seconds: 1 });
    await phase(bench, 'Recording', 'b');
    await bench.stop();
    // Its report reaches nobody; the result file is what is left.
    await a
      ?.finish({ exit: 'Complete', stopReason: 'SourceEnded' }, { seconds: 9, complete: true })
      .catch(() => undefined);
    b?.kill();
    bench.start();
    await vi.waitFor(() => expect(bench.launcher.launches).toHaveLength(3));
    expect(bench.launcher.runs.find(({ plan }) => plan.attempt === 2)?.plan.recording.name).toBe('b');
  });

  it('launches each of fifty recordings exactly once, each under a name of its own', async () => {
    const bench = begin();
    applyStorage(bench);
    for (let index = 0; index < 50; index += 1) applyRecording(bench, `rec-${index}`, { room: 'same' });
    await vi.waitFor(() => expect(bench.launcher.runs).toHaveLength(50), { timeout: 5000 });
    await sleep(50);
    expect(new Set(bench.launcher.launches).size).toBe(50);
    expect(bench.launcher.launches).toHaveLength(50);
    expect(new Set(bench.launcher.runs.map(({ plan }) => plan.keyBase)).size).toBe(50);
  });

  it('writes nothing when nothing changes', async () => {
    const bench = begin();
    applyStorage(bench);
    applyRecording(bench);
    const run = await runOf(bench);
    await run.report('Recording', { seconds: 1 });
    await phase(bench, 'Recording');
    await sleep(50);
    const { writes } = bench.resources;
    await sleep(200);
    expect(bench.resources.writes).toBe(writes);
  });

  it('tells a run that it does not know to stop', async () => {
    const bench = begin();
    const report = {
      version: 1,
      id: 'nobody-1',
      sequence: 1,
      time: new Date().toISOString(),
      state: 'Recording',
      progress: { durationSeconds: 0, bytesRecorded: 0, bytesUploaded: 0, lagSeconds: 0, bitrate: 0 },
      files: [],
      gaps: [],
      pauses: [],
      notices: [],
    } as const;
    expect(
      (await bench.control.receiveReport({ ...report, files: [], gaps: [], pauses: [], notices: [] }))
        .desired,
    ).toBe('Stopped');
  });

  it('terminates a run that should stop and does not hear of it', async () => {
    const bench = begin({ timing: { silentLimit: 0.05 } });
    applyStorage(bench);
    applyRecording(bench);
    const run = await runOf(bench);
    await run.report('Recording', { seconds: 1 });
    await phase(bench, 'Recording');
    await sleep(100);
    expect(run.terminations).toBe(0);
    applyRecording(bench, 'physics', { state: 'Stopped' });
    await vi.waitFor(() => expect(run.terminations).toBeGreaterThan(0));
  });
});

describe('deleting a recording', () => {
  const gone = (bench: ControlBench) =>
    vi.waitFor(async () =>
      expect(await bench.resources.get('Recording', 'default', 'physics')).toBeUndefined(),
    );

  it('ends the run, completes the file and lets the resource go', async () => {
    const bench = begin();
    applyStorage(bench);
    applyRecording(bench);
    const run = await runOf(bench);
    await run.report('Recording', { seconds: 3 });
    bench.resources.requestDeletion('Recording', 'physics');
    await vi.waitFor(() => expect(run.terminations).toBeGreaterThan(0));
    expect((await run.report('Recording', { seconds: 3 })).desired).toBe('Stopped');
    await run.finish({ exit: 'Interrupted' }, { seconds: 3, complete: true });
    await gone(bench);
    expect(bench.launcher.launches).toHaveLength(1);
  });

  it('completes what a killed run left before it lets go', async () => {
    const bench = begin();
    applyStorage(bench);
    applyRecording(bench);
    const run = await runOf(bench);
    await run.report('Recording', { seconds: 3 });
    await phase(bench, 'Recording');
    bench.resources.requestDeletion('Recording', 'physics');
    run.kill();
    const finish = await runOf(bench, 2);
    expect(finish.plan.mode).toBe('Finish');
    await finish.finish({ exit: 'Complete' });
    await gone(bench);
  });

  it('deletes the files where that was asked for, again and again until it works', async () => {
    const bench = begin();
    applyStorage(bench);
    applyRecording(bench, 'physics', { deletionPolicy: 'Delete' });
    const run = await runOf(bench);
    await run.finish({ exit: 'Complete', stopReason: 'SourceEnded' }, { seconds: 3, complete: true });
    await phase(bench, 'Uploaded');
    bench.resources.requestDeletion('Recording', 'physics');
    const remove = await runOf(bench, 2);
    expect(remove.plan).toMatchObject({ mode: 'Remove', previous: [{ key: `${run.plan.keyBase}.mp4` }] });
    await remove.finish({
      exit: 'StorageRefused',
      code: 'StorageDenied',
      message: 'DeleteObject was denied.',
    });
    const again = await runOf(bench, 3);
    expect(again.plan.previous).toHaveLength(1);
    await again.finish({ exit: 'Complete' });
    await gone(bench);
  });

  it('keeps the storage until the files are deleted that lie in it', async () => {
    const bench = begin();
    applyStorage(bench);
    applyRecording(bench, 'physics', { deletionPolicy: 'Delete' });
    const run = await runOf(bench);
    await run.finish({ exit: 'Complete', stopReason: 'SourceEnded' }, { seconds: 3, complete: true });
    await phase(bench, 'Uploaded');
    bench.resources.requestDeletion('Recording', 'physics');
    bench.resources.requestDeletion('ExternalStorage', 'team');
    const remove = await runOf(bench, 2);
    await remove.finish({ exit: 'StorageRefused', code: 'StorageDenied', message: 'It was denied.' });
    const again = await runOf(bench, 3);
    expect(again.plan.storages).toMatchObject([{ name: 'team' }]);
    await again.finish({ exit: 'Complete' });
    await gone(bench);
  });

  it('leaves the files alone where nothing was said', async () => {
    const bench = begin();
    applyStorage(bench);
    applyRecording(bench, 'physics', { ttlAfterFinished: '100ms' });
    await (await runOf(bench)).finish(
      { exit: 'Complete', stopReason: 'SourceEnded' },
      { seconds: 3, complete: true },
    );
    await phase(bench, 'Uploaded');
    await gone(bench);
    expect(bench.launcher.launches).toHaveLength(1);
  });

  it('that vanishes at once ends its run too', async () => {
    const bench = begin();
    applyStorage(bench);
    applyRecording(bench);
    const run = await runOf(bench);
    await run.report('Recording', { seconds: 3 });
    await phase(bench, 'Recording');
    bench.resources.vanish('Recording', 'physics');
    await vi.waitFor(() => expect(run.terminations).toBeGreaterThan(0));
    expect((await run.report('Recording', { seconds: 3 })).desired).toBe('Stopped');
    run.kill();
    expect((await runOf(bench, 2)).plan.mode).toBe('Finish');
  });

  it('lets its storage go only afterwards', async () => {
    const bench = begin();
    applyStorage(bench);
    applyRecording(bench);
    const run = await runOf(bench);
    await run.report('Recording', { seconds: 3 });
    bench.resources.requestDeletion('ExternalStorage', 'team');
    await sleep(50);
    expect(await bench.resources.get('ExternalStorage', 'default', 'team')).toBeDefined();
    expect(run.terminations).toBe(0);
  });
});
