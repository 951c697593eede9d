import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import type { ControlBench } from './testing/control-bench.ts';
import { applyRecording, applyStorage, begin, phase, runOf } from './testing/control-scene.ts';

describe('deleting a recording', () => {
  const gone = (bench: ControlBench) =>
    vi.waitFor(async () =>
      expect(await bench.resources.get('Recording', 'default', 'physics')).toBeUndefined(),
    );

  /** One that records, three seconds so far. */
  async function recording() {
    const bench = begin();
    applyStorage(bench);
    applyRecording(bench);
    const run = await runOf(bench);
    await run.report('Recording', { seconds: 3 });
    return { bench, run };
  }

  /** One that is complete, and is being deleted with its files. */
  async function deletedWithFiles(timing: { readonly removeWithin?: number } = {}) {
    const bench = begin({ timing });
    applyStorage(bench);
    applyRecording(bench, 'physics', { deletionPolicy: 'Delete' });
    const run = await runOf(bench);
    await run.finish({ exit: 'Complete', stopReason: 'SourceEnded' }, { seconds: 3, complete: true });
    await phase(bench, 'Uploaded');
    bench.resources.requestDeletion('Recording', 'physics');
    return { bench, run };
  }

  it('ends the run, completes the file and lets the resource go', async () => {
    const { bench, run } = await recording();
    bench.resources.requestDeletion('Recording', 'physics');
    await vi.waitFor(() => expect(run.terminations).toBeGreaterThan(0));
    expect((await run.report('Recording', { seconds: 3 })).desired).toBe('Stopped');
    await run.finish({ exit: 'Interrupted' }, { seconds: 3, complete: true });
    await gone(bench);
    expect(bench.launcher.launches).toHaveLength(1);
  });

  it('completes what a killed run left before it lets go', async () => {
    const { bench, run } = await recording();
    await phase(bench, 'Recording');
    bench.resources.requestDeletion('Recording', 'physics');
    run.kill();
    const finish = await runOf(bench, 2);
    expect(finish.plan.mode).toBe('Finish');
    await finish.finish({ exit: 'Complete' });
    await gone(bench);
  });

  it('lets the reports go with a resource that had ended and is simply gone', async () => {
    const bench = begin();
    applyStorage(bench);
    const { metadata } = applyRecording(bench);
    const run = await runOf(bench);
    await run.finish({ exit: 'Complete', stopReason: 'SourceEnded' }, { seconds: 3, complete: true });
    await phase(bench, 'Uploaded');
    expect(await bench.ledger.load(metadata.uid ?? '')).toHaveLength(1);
    bench.resources.vanish('Recording', 'physics');
    await vi.waitFor(async () => expect(await bench.ledger.load(metadata.uid ?? '')).toEqual([]));
  });

  it('deletes the files where that was asked for, again and again until it works', async () => {
    const { bench, run } = await deletedWithFiles();
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

  const eventsOf = (bench: ControlBench) => bench.events.filter(({ reason }) => reason === 'NotRemoved');

  it('lets the resource go without its files after a deadline, and says where they are', async () => {
    const { bench, run } = await deletedWithFiles({ removeWithin: 0.3 });
    const remove = await runOf(bench, 2);
    const message = 'There is no bucket recordings.';
    await remove.finish({ exit: 'StorageRefused', code: 'BucketNotFound', message });
    await gone(bench);
    const [event, ...more] = eventsOf(bench);
    expect(more).toEqual([]);
    expect(event).toMatchObject({ type: 'Warning' });
    expect(event?.message).toMatch(
      /^Deleted without its files, .*: There is no bucket recordings\. Delete them/,
    );
    expect(event?.message).toContain(`${run.plan.keyBase}.mp4`);
  });

  it('lets it go too where the run that deletes the files never starts', async () => {
    const { bench } = await deletedWithFiles({ removeWithin: 0.3 });
    expect((await runOf(bench, 2)).plan.mode).toBe('Remove');
    await gone(bench);
    expect(eventsOf(bench)).toHaveLength(1);
  });

  it('keeps the storage until the files are deleted that lie in it', async () => {
    const { bench } = await deletedWithFiles();
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
    const { bench, run } = await recording();
    await phase(bench, 'Recording');
    bench.resources.vanish('Recording', 'physics');
    await vi.waitFor(() => expect(run.terminations).toBeGreaterThan(0));
    expect((await run.report('Recording', { seconds: 3 })).desired).toBe('Stopped');
    run.kill();
    expect((await runOf(bench, 2)).plan.mode).toBe('Finish');
  });

  it('lets its storage go only afterwards', async () => {
    const { bench, run } = await recording();
    bench.resources.requestDeletion('ExternalStorage', 'team');
    await sleep(50);
    expect(await bench.resources.get('ExternalStorage', 'default', 'team')).toBeDefined();
    expect(run.terminations).toBe(0);
  });
});
