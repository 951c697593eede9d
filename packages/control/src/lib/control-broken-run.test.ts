import { setTimeout as sleep } from 'node:timers/promises';
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
    const bench = begin({ timing: { deliverDelay: 0.05, deliverWithin: 1 } });
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
