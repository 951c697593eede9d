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

const pauseMs = 5_000;
/** What the encoder does unless asked otherwise. */
const keyFrameSeconds = 1;
/** A fragment arrives when it is whole. */
const fragmentSeconds = 1.25;

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
  const askedAt = Date.now();
  await bench.run(['pause', 'paused']);
  await bench.until('paused', phaseIs('Paused'));
  const pausedAt = Date.now();
  await sleep(pauseMs);
  const resumedAt = Date.now();
  await bench.run(['resume', 'paused']);
  await bench.until('paused', phaseIs('Recording'));
  const goesOnAt = Date.now();
  await sleep(4_000);
  await bench.run(['stop', 'paused']);
  expect(await running.exited).toBe(0);

  const status = await bench.status('paused');
  const [pause] = status.pauses ?? [];
  const left = Number.parseFloat(pause?.duration ?? '0');
  // Never less than what was asked; no more than the commands' own way, and on to the next key frame.
  expect(left).toBeGreaterThanOrEqual((resumedAt - pausedAt) / 1000);
  expect(left).toBeLessThan((goesOnAt - askedAt) / 1000 + keyFrameSeconds + fragmentSeconds);

  const url = status.outputs?.[0]?.url ?? '';
  const path = fileURLToPath(url);
  const facts = await requireOrdinaryMp4(path);
  const wall = (Date.parse(status.stopTime ?? '') - Date.parse(status.startTime ?? '')) / 1000;
  expect(Math.abs(facts.durationSeconds + left - wall)).toBeLessThan(1.5);
  const marks = await measureSync(path);
  expect(marks.length).toBeGreaterThanOrEqual(Math.floor(facts.durationSeconds) - 2);
  expect(worstOffset(marks)).toBeLessThanOrEqual(40);
});
