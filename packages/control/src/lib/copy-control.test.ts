import type { RecordingCopy } from '@tapedeck/core';
import { describe, expect, it, vi } from 'vitest';
import type { ControlBench } from './testing/control-bench.ts';
import { applyRecording, applyStorage, begin, phase, runOf } from './testing/control-scene.ts';
import type { MemoryCopyRun } from './testing/memory-copy-run.ts';

function applyCopy({ resources }: ControlBench, spec: Partial<RecordingCopy['spec']> = {}) {
  return resources.apply('RecordingCopy', {
    metadata: { name: 'away' },
    spec: { recordingRef: { name: 'physics' }, storage: { name: 'archive' }, ...spec },
  });
}

const read = ({ resources }: ControlBench) => resources.get('RecordingCopy', 'default', 'away');

function condition(copy: RecordingCopy | undefined, type = 'Ready') {
  return copy?.status?.conditions?.find((each) => each.type === type);
}

async function until(bench: ControlBench, wanted: string, reason?: string): Promise<RecordingCopy> {
  return vi.waitFor(async () => {
    const copy = await read(bench);
    expect(copy?.status?.phase, JSON.stringify(condition(copy))).toBe(wanted);
    if (reason !== undefined) expect(condition(copy)?.reason).toBe(reason);
    if (copy === undefined) throw new Error('the copy is gone');
    return copy;
  });
}

function copyRun({ launcher }: ControlBench, number = 1): Promise<MemoryCopyRun> {
  return vi.waitFor(() => {
    const run = launcher.copies.find(({ plan }) => plan.attempt === number);
    if (run === undefined) throw new Error(`no run ${number} of the copy`);
    return run;
  });
}

/** A recording of three seconds that is complete, and where it is to be copied to. */
async function recorded(bench: ControlBench): Promise<void> {
  applyStorage(bench);
  applyStorage(bench, 'archive');
  applyRecording(bench);
  await (await runOf(bench)).finish(
    { exit: 'Complete', stopReason: 'SourceEnded' },
    { seconds: 3, complete: true },
  );
  await phase(bench, 'Uploaded');
}

describe('a copy', () => {
  it('waits for its recording to be there and complete, and for its storage, then copies', async () => {
    const bench = begin();
    applyCopy(bench);
    await until(bench, 'Pending', 'NotFound');
    applyStorage(bench);
    applyRecording(bench);
    await until(bench, 'Pending', 'RecordingNotComplete');
    const recording = await runOf(bench);
    await recording.finish({ exit: 'Complete', stopReason: 'SourceEnded' }, { seconds: 3, complete: true });
    await until(bench, 'Pending', 'StorageNotFound');
    applyStorage(bench, 'archive');
    const run = await copyRun(bench);
    expect(run.plan).toMatchObject({ mode: 'Copy', target: 'archive', desired: 'Recording', previous: [] });
    const [file] = run.plan.files;
    expect(file?.sources).toEqual([{ storage: 'team', key: file?.key, bytes: 3000, crc32: '00000000' }]);
    expect(await run.report(1000)).toMatchObject({ desired: 'Recording' });
    await vi.waitFor(async () =>
      expect((await read(bench))?.status?.progress).toEqual({ bytesCopied: 1000, bytesTotal: 3000 }),
    );
    expect(condition(await read(bench))).toMatchObject({ status: 'True', reason: 'Copying' });
    await run.finish({ exit: 'Complete' });
    const copy = await until(bench, 'Uploaded', 'Complete');
    expect(copy.status).toMatchObject({
      outputs: [{ key: `meetings/${file?.key}`, bytes: 3000, crc32: '00000000', storage: 'archive' }],
      attempts: [{ number: 1, reason: 'Complete' }],
    });
    expect(bench.launcher.forgotten).toContain(run.plan.id);
  });

  it('goes into a directory under the file’s own name', async () => {
    const bench = begin();
    await recorded(bench);
    applyCopy(bench, { directory: '/in/' });
    const { plan } = await copyRun(bench);
    expect(plan.files[0]?.key).toMatch(/^in\/[^/]+\.mp4$/);
  });

  it('goes on from the journal of a run that was killed', async () => {
    const bench = begin();
    await recorded(bench);
    applyCopy(bench);
    const run = await copyRun(bench);
    await run.report(1000);
    run.kill();
    const next = await copyRun(bench, 2);
    expect(next.plan.previous).toMatchObject([
      { state: 'Open', journal: { token: { upload: run.plan.id } } },
    ]);
    await next.finish({ exit: 'Complete' });
    const copy = await until(bench, 'Uploaded');
    expect(copy.status?.attempts).toMatchObject([{ reason: 'Killed' }, { reason: 'Complete' }]);
  });

  it.each([
    ['SourceFailed', 'SourceNotFound', 'SourceNotFound'],
    ['SourceFailed', 'SourceDenied', 'SourceDenied'],
    ['SourceFailed', 'ChecksumMismatch', 'ChecksumMismatch'],
    ['StorageRefused', 'StorageDenied', 'StorageDenied'],
    ['StorageRefused', 'AlreadyExists', 'AlreadyExists'],
    ['Invalid', 'NotSupported', 'NotSupported'],
  ] as const)('fails at once when its run says %s (%s)', async (exit, code, reason) => {
    const bench = begin();
    await recorded(bench);
    applyCopy(bench);
    await (await copyRun(bench)).finish({ exit, code, message: 'It said so.' });
    const copy = await until(bench, 'Failed', reason);
    expect(condition(copy, 'Failed')).toMatchObject({ status: 'True', message: 'It said so.' });
    expect(condition(copy, 'Stalled')?.status).toBe('True');
    expect(bench.events).toContainEqual(
      expect.objectContaining({ name: 'away', type: 'Warning', reason, message: 'It said so.' }),
    );
  });

  it('gives up after runs that brought nothing, and says why', async () => {
    const bench = begin();
    await recorded(bench);
    applyCopy(bench);
    for (const number of [1, 2, 3])
      await (await copyRun(bench, number)).finish({ exit: 'Retry', code: 'Unknown', message: 'Who knows.' });
    const copy = await until(bench, 'Failed', 'UnknownError');
    expect(condition(copy)?.message).toMatch(/^Given up after 3 runs that copied nothing: Who knows\. /);
  });

  it('fails where the recording has failed, or where the copy would be its own source', async () => {
    const bench = begin();
    applyStorage(bench);
    applyStorage(bench, 'archive');
    applyRecording(bench, 'physics', { state: 'Stopped' });
    applyCopy(bench);
    const copy = await until(bench, 'Failed', 'InvalidParams');
    expect(condition(copy)?.message).toContain('only a complete recording can be copied');
    const other = begin();
    await recorded(other);
    applyCopy(other, { storage: { name: 'team' } });
    expect(condition(await until(other, 'Failed', 'InvalidParams'))?.message).toContain('already');
  });

  it('goes on when its recording is deleted meanwhile, and fails when that was before', async () => {
    const bench = begin();
    await recorded(bench);
    applyCopy(bench);
    const run = await copyRun(bench);
    bench.resources.vanish('Recording', 'physics');
    await run.finish({ exit: 'Complete' });
    await until(bench, 'Uploaded');
    const other = begin();
    applyRecording(other);
    applyCopy(other);
    await until(other, 'Pending', 'RecordingNotComplete');
    other.resources.vanish('Recording', 'physics');
    expect(condition(await until(other, 'Failed', 'NotFound'))?.message).toContain('was deleted before');
  });

  it('tells its run to drop what is unfinished when it is deleted, and is gone after that', async () => {
    const bench = begin();
    await recorded(bench);
    applyCopy(bench);
    const run = await copyRun(bench);
    await run.report(1000);
    bench.resources.requestDeletion('RecordingCopy', 'away');
    expect(await run.report(1500)).toMatchObject({ desired: 'Stopped' });
    run.kill();
    const dropping = await copyRun(bench, 2);
    expect(dropping.plan.desired).toBe('Stopped');
    await dropping.finish({ exit: 'Interrupted' });
    await vi.waitFor(async () => expect(await read(bench)).toBeUndefined());
    expect(bench.launcher.forgotten).toEqual(expect.arrayContaining([run.plan.id, dropping.plan.id]));
  });

  it('has what it left dropped when its resource vanishes', async () => {
    const bench = begin();
    await recorded(bench);
    applyCopy(bench);
    const run = await copyRun(bench);
    await run.report(1000);
    bench.resources.vanish('RecordingCopy', 'away');
    await vi.waitFor(async () => expect(await run.report(1500)).toMatchObject({ desired: 'Stopped' }));
    run.kill();
    const dropping = await copyRun(bench, 2);
    expect(dropping.plan.desired).toBe('Stopped');
    await dropping.finish({ exit: 'Interrupted' });
    await vi.waitFor(() =>
      expect(bench.launcher.forgotten).toEqual(expect.arrayContaining([run.plan.id, dropping.plan.id])),
    );
  });

  it.each([
    ['fails', false],
    ['goes', true],
  ] as const)('%s when its storage gets a prefix with which its key is too long', async (_what, deleted) => {
    const bench = begin();
    await recorded(bench);
    applyCopy(bench);
    const run = await copyRun(bench);
    await run.report(1000);
    applyStorage(bench, 'archive', 'p'.repeat(1020));
    if (deleted) bench.resources.requestDeletion('RecordingCopy', 'away');
    run.kill();
    if (deleted) await vi.waitFor(async () => expect(await read(bench)).toBeUndefined());
    else expect(condition(await until(bench, 'Failed', 'InvalidParams'))?.message).toContain('1024 bytes');
  });

  it('holds the storages that it needs', async () => {
    const bench = begin();
    await recorded(bench);
    applyCopy(bench);
    const run = await copyRun(bench);
    bench.resources.requestDeletion('ExternalStorage', 'archive');
    await run.report(1000);
    expect(await bench.resources.get('ExternalStorage', 'default', 'archive')).toBeDefined();
  });
});
