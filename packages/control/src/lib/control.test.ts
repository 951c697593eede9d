import { setTimeout as sleep } from 'node:timers/promises';
import { TapedeckError } from '@tapedeck/core';
import { describe, expect, it, vi } from 'vitest';
import {
  applyRecording,
  applyStorage,
  begin,
  conditions,
  phase,
  read,
  runOf,
} from './testing/control-scene.ts';

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
    let checks = 0;
    let answer: (() => void) | undefined;
    bench.launcher.checkReport = async (id) => {
      if (++checks === 1)
        await new Promise<void>((resolve) => {
          answer = resolve;
        });
      return ready(id);
    };
    applyStorage(bench, 'team');
    await vi.waitFor(() => expect(checks).toBe(1));
    applyStorage(bench, 'spare');
    applyRecording(bench, 'physics', { storage: { ...both, fallbackAfter: '30s' } });
    const run = await runOf(bench);
    expect(run.plan.storages.map(({ name }) => name)).toEqual(['spare', 'team']);
    expect(run.plan).toMatchObject({ fallbackAfterSeconds: 30 });
    answer?.();
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
      message: expect.stringContaining('spec.video.codec: VP8 is not supported by this version'),
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

  it('says what it waited for when it is stopped meanwhile', async () => {
    const bench = begin();
    applyRecording(bench, 'physics');
    await vi.waitFor(async () => expect((await read(bench)).status?.phase).toBe('Pending'));
    applyRecording(bench, 'physics', { state: 'Stopped' });
    const message = (await phase(bench, 'Failed')).status?.conditions?.[0]?.message;
    expect(message).toMatch(/^It was stopped before it started, so there is no file\. It waited: .*team/);
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
