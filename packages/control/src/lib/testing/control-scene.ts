import type { Recording } from '@tapedeck/core';
import { afterEach, expect, vi } from 'vitest';
import type { ControlOptions } from '../options.ts';
import { type ControlBench, createControlBench } from './control-bench.ts';
import type { MemoryRun } from './memory-launcher.ts';

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

export function begin(options: ControlOptions = {}): ControlBench {
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

export function applyStorage({ resources }: ControlBench, name = 'team', prefix = '/meetings/') {
  return resources.apply('ExternalStorage', {
    metadata: { name },
    spec: { provider: 'Local', local: { directory: '/recordings' }, prefix },
  });
}

export function applyRecording(
  { resources }: ControlBench,
  name = 'physics',
  spec: Partial<Recording['spec']> = {},
) {
  return resources.apply('Recording', {
    metadata: { name },
    spec: { source: { type: 'TestCard' }, storage: { refs: [{ name: 'team' }] }, ...spec },
  });
}

export async function read({ resources }: ControlBench, name = 'physics'): Promise<Recording> {
  const recording = await resources.get('Recording', 'default', name);
  if (recording === undefined) throw new Error(`${name} is gone`);
  return recording;
}

export async function runOf({ launcher }: ControlBench, number = 1): Promise<MemoryRun> {
  return vi.waitFor(() => {
    const run = launcher.runs.find(({ plan }) => plan.attempt === number);
    if (run === undefined) throw new Error(`no run ${number}`);
    return run;
  });
}

export async function phase(bench: ControlBench, wanted: string, name = 'physics'): Promise<Recording> {
  return vi.waitFor(async () => {
    const recording = await read(bench, name);
    expect(recording.status?.phase, JSON.stringify(recording.status?.conditions?.[0])).toBe(wanted);
    return recording;
  });
}

export const conditions = ({ status }: Recording) =>
  (status?.conditions ?? []).filter((condition) => condition.status === 'True').map(({ type }) => type);
