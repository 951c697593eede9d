import { afterEach, expect, it, vi } from 'vitest';
import { createControlBench } from './testing/control-bench.ts';
import { applyStorage } from './testing/control-scene.ts';

const bench = createControlBench();
afterEach(() => bench.stop());

it('keeps a storage in service that a status calls ready, while its first check runs', async () => {
  const answer = Promise.withResolvers<void>();
  const { checkReport } = bench.launcher;
  bench.launcher.checkReport = async (id) => {
    await answer.promise;
    return checkReport(id);
  };
  const storage = applyStorage(bench);
  const lastTransitionTime = '2026-11-21T09:00:00Z';
  const ready = { type: 'Ready', status: 'True', reason: 'Ready', message: '', lastTransitionTime } as const;
  await bench.resources.writeStatus(storage, { conditions: [ready] });
  bench.start();
  await vi.waitFor(() => expect(bench.launcher.checks).toBe(1));
  expect((await bench.resources.get('ExternalStorage', 'default', 'team'))?.status?.conditions).toEqual([
    ready,
  ]);
  answer.resolve();
  await vi.waitFor(async () => {
    const { status } = (await bench.resources.get('ExternalStorage', 'default', 'team')) ?? {};
    expect(status).toMatchObject({ observedGeneration: 1, lastCheck: {} });
  });
});
