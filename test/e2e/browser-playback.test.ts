import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BrowserPlayer, hasBrowser, startBrowserPlayer } from '../media/browser-player.ts';
import { startRangeServer } from '../media/range-server.ts';
import {
  createWorkbench,
  localStorageManifest,
  recordedSeconds,
  recordingManifest,
  smallTestCard,
  type Workbench,
} from './workbench.ts';

/** What a file with its index in front needs; each further request is a pause for whoever watches. */
const mostRequests = 3;
/** The card without its flash is well above this, an empty canvas is 0. */
const darkest = 20;

describe.skipIf(!hasBrowser())('a recording in Chromium', () => {
  let bench: Workbench;
  let player: BrowserPlayer;
  beforeAll(async () => {
    bench = await createWorkbench();
    player = await startBrowserPlayer();
  });
  afterAll(async () => {
    await player?.close();
    await bench?.close();
  });

  it('plays while it is recorded, and once finished seeks anywhere with few requests', async () => {
    const out = join(bench.directory, 'out');
    const file = await bench.manifest(
      localStorageManifest('here', out),
      recordingManifest('watched', 'here', smallTestCard),
    );
    const running = bench.start('run', '-f', file);
    await bench.until('watched', recordedSeconds(4));

    const [unfinished] = (await readdir(out, { recursive: true })).filter((name) => name.endsWith('.part'));
    expect(unfinished).toBeDefined();
    const live = await startRangeServer(join(out, unfinished ?? ''));
    try {
      const first = await player.open(live.pageUrl);
      expect(first.width).toBe(320);
      expect(first.brightness).toBeGreaterThan(darkest);
      expect((await player.play(1)).atSeconds).toBeGreaterThan(0);
    } finally {
      await live.stop();
    }

    await bench.until('watched', recordedSeconds(12));
    await bench.run(['stop', 'watched']);
    expect(await running.exited).toBe(0);
    const [output] = (await bench.status('watched')).outputs ?? [];
    const finished = await startRangeServer(fileURLToPath(output?.url ?? ''));
    try {
      const first = await player.open(finished.pageUrl);
      expect(Math.abs(first.durationSeconds - Number.parseFloat(output?.duration ?? '0'))).toBeLessThan(0.1);
      expect(first.brightness).toBeGreaterThan(darkest);
      expect(finished.requests.length).toBeLessThanOrEqual(mostRequests);
      for (const seconds of [9.5, 1, 6.2, 11]) {
        finished.clear();
        const shown = await player.seek(seconds);
        expect(shown.atSeconds).toBeCloseTo(seconds, 1);
        expect(shown.brightness).toBeGreaterThan(darkest);
        expect(finished.requests.length).toBeLessThanOrEqual(mostRequests);
      }
      expect((await player.play(1)).atSeconds).toBeGreaterThan(11);
    } finally {
      await finished.stop();
    }
  });
});
