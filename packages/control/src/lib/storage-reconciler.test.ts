import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type ControlBench, createControlBench } from './testing/control-bench.ts';
import { applyRecording, applyStorage, begin, phase, runOf } from './testing/control-scene.ts';

const storageOf = async ({ resources }: ControlBench) => resources.get('ExternalStorage', 'default', 'team');
const readyOf = async (bench: ControlBench) => {
  const { status } = (await storageOf(bench)) ?? {};
  return status?.conditions?.find(({ type }) => type === 'Ready');
};
const meets = (code: string, generation = 1) => {
  const time = new Date().toISOString();
  return [
    { name: 'team', generation, bytesStored: 0, away: { code, message: 'Go away.', since: time, time } },
  ];
};
/** Checks that were asked for and not answered yet. */
function holdChecks({ launcher }: ControlBench): () => void {
  const answer = Promise.withResolvers<void>();
  const { checkReport } = launcher;
  launcher.checkReport = async (id) => {
    await answer.promise;
    return checkReport(id);
  };
  return () => answer.resolve();
}

describe('a run that goes on', () => {
  it('takes a storage that refuses it out of service at once; the check that follows has the last word', async () => {
    const bench = begin();
    applyStorage(bench);
    applyRecording(bench);
    const run = await runOf(bench);
    await run.report('Recording', { seconds: 1 });
    await phase(bench, 'Recording');
    const answer = holdChecks(bench);
    run.meet(meets('StorageDenied', 2));
    await run.report('Recording', { seconds: 2 });
    expect((await readyOf(bench))?.status).toBe('True');
    run.meet(meets('StorageDenied'));
    await run.report('Recording', { seconds: 3 });
    await vi.waitFor(async () => {
      expect(await readyOf(bench)).toMatchObject({
        status: 'False',
        reason: 'StorageDenied',
        message: 'Go away.',
      });
    });
    applyRecording(bench, 'other');
    await vi.waitFor(async () => {
      const { status } = (await bench.resources.get('Recording', 'default', 'other')) ?? {};
      expect(status?.conditions?.[0]).toMatchObject({ reason: 'StorageNotReady' });
    });
    expect(bench.events).toContainEqual({
      name: 'team',
      type: 'Warning',
      reason: 'StorageDenied',
      message: 'Go away.',
    });
    answer();
    await vi.waitFor(async () => expect((await readyOf(bench))?.status).toBe('True'));
    // Whoever waited for it begins.
    await vi.waitFor(() => expect(bench.launcher.runs).toHaveLength(2));
    expect((await phase(bench, 'Recording')).status?.attempts).toHaveLength(1);
  });

  it('makes a storage ready again that was away, without a check', async () => {
    const bench = begin({ timing: { recheckDelay: 3600 } });
    applyStorage(bench);
    applyRecording(bench);
    const run = await runOf(bench);
    const storage = await storageOf(bench);
    const checks = bench.launcher.checks;
    if (storage?.status === undefined) throw new Error('no storage');
    const since = storage.status.lastCheck?.time ?? '';
    await bench.resources.writeStatus(storage, {
      ...storage.status,
      lastCheck: { time: since, duration: '1s', failures: 2, steps: [] },
      conditions: (storage.status.conditions ?? []).map((condition) =>
        condition.type === 'Ready'
          ? { ...condition, status: 'False', reason: 'StorageUnreachable' }
          : condition,
      ),
    });
    const storedTime = new Date(Date.parse(since) + 1).toISOString();
    run.meet([{ name: 'team', generation: 1, bytesStored: 9, storedTime }]);
    await run.report('Recording', { seconds: 1 });
    await vi.waitFor(async () => expect((await readyOf(bench))?.status).toBe('True'));
    const { status } = (await storageOf(bench)) ?? {};
    expect(status).toMatchObject({ lastUpload: storedTime });
    expect(status?.lastCheck).not.toHaveProperty('failures');
    expect(bench.launcher.checks).toBe(checks);
  });
});

it('keeps a storage in service that a status calls ready, while its first check runs', async () => {
  const bench = createControlBench();
  onTestFinished(() => bench.stop());
  const answer = holdChecks(bench);
  const storage = applyStorage(bench);
  const lastTransitionTime = '2026-11-21T09:00:00Z';
  const ready = { type: 'Ready', status: 'True', reason: 'Ready', message: '', lastTransitionTime } as const;
  await bench.resources.writeStatus(storage, { conditions: [ready] });
  bench.start();
  await vi.waitFor(() => expect(bench.launcher.checks).toBe(1));
  expect((await bench.resources.get('ExternalStorage', 'default', 'team'))?.status?.conditions).toEqual([
    ready,
  ]);
  answer();
  await vi.waitFor(async () => {
    const { status } = (await bench.resources.get('ExternalStorage', 'default', 'team')) ?? {};
    expect(status).toMatchObject({ observedGeneration: 1, lastCheck: {} });
  });
});
