import { expect, it } from 'vitest';
import { defaultTiming } from './options.ts';
import { createRecordingReconciler } from './recording-reconciler.ts';
import { createMemoryLauncher } from './testing/memory-launcher.ts';
import { createMemoryLedger } from './testing/memory-ledger.ts';
import { createMemoryResources } from './testing/memory-resources.ts';

const key = { namespace: 'default', name: 'physics' };

it('forgets a finished recording that vanishes, whether another takes its name or not', async () => {
  const resources = createMemoryResources();
  const reconciler = createRecordingReconciler({
    resources,
    launcher: createMemoryLauncher(),
    ledger: createMemoryLedger(),
    clock: { now: () => new Date() },
    events: { record: () => undefined },
    log: { info: () => undefined, warn: () => undefined },
    policy: { timing: defaultTiming },
    progressInterval: 1,
    check: () => undefined,
  });
  const finish = async () => {
    const recording = resources.apply('Recording', {
      metadata: { name: key.name },
      spec: { source: { type: 'TestCard' } },
    });
    await resources.writeStatus(recording, { phase: 'Uploaded' });
    await reconciler.reconcile(key);
    return recording.metadata.uid ?? '';
  };
  const first = await finish();
  expect(reconciler.keyOf(first)).toEqual(key);
  resources.vanish('Recording', key.name);
  const second = await finish();
  expect(reconciler.keyOf(first)).toBeUndefined();
  expect(reconciler.keyOf(second)).toEqual(key);
  resources.vanish('Recording', key.name);
  await reconciler.reconcile(key);
  expect(reconciler.keyOf(second)).toBeUndefined();
});
