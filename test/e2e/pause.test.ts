import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { requireOrdinaryMp4 } from '../media/inspect.ts';
import { measureSync, worstOffset } from '../media/sync-meter.ts';
import {
  createWorkbench,
  localStorageManifest,
  phaseIs,
  recordedSeconds,
  recordingManifest,
  smallTestCard,
  type Workbench,
} from './workbench.ts';

let bench: Workbench;
beforeAll(async () => {
  bench = await createWorkbench();
});
afterAll(() => bench.close());

it('leaves five seconds out of the file when it is paused for five, and stays in step', async () => {
  const file = await bench.manifest(
    localStorageManifest('here', `${bench.directory}/out`),
    recordingManifest('paused', 'here', smallTestCard),
  );
  const running = bench.start('run', '-f', file);
  await bench.until('paused', recordedSeconds(4));
  await bench.run(['pause', 'paused']);
  await bench.until('paused', phaseIs('Paused'));
  await sleep(5_000);
  await bench.run(['resume', 'paused']);
  await bench.until('paused', phaseIs('Recording'));
  await sleep(4_000);
  await bench.run(['stop', 'paused']);
  expect(await running.exited).toBe(0);

  const status = await bench.status('paused');
  const [pause] = status.pauses ?? [];
  const asked = 5;
  const left = Number.parseFloat(pause?.duration ?? '0');
  // Whole seconds of key frames, the command's own way, and never less than what was asked.
  expect(left).toBeGreaterThanOrEqual(asked);
  expect(left).toBeLessThan(asked + 2.5);

  const url = status.outputs?.[0]?.url ?? '';
  const path = fileURLToPath(url);
  const facts = await requireOrdinaryMp4(path);
  const wall = (Date.parse(status.stopTime ?? '') - Date.parse(status.startTime ?? '')) / 1000;
  expect(Math.abs(facts.durationSeconds + left - wall)).toBeLessThan(1.5);
  const marks = await measureSync(path);
  expect(marks.length).toBeGreaterThanOrEqual(Math.floor(facts.durationSeconds) - 2);
  expect(worstOffset(marks)).toBeLessThanOrEqual(40);
});
