import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GcsDestination } from '../chaos/destination-gcs.ts';
import { openSessionStage, type SessionStage } from '../chaos/session-stage.ts';
import { type BrowserPlayer, hasBrowser, startBrowserPlayer } from '../media/browser-player.ts';
import {
  decodeAll,
  decodeAt,
  inspect,
  inspectOtherwise,
  requireOrdinaryMp4,
  topLevelBoxes,
} from '../media/inspect.ts';
import { startRangeServer } from '../media/range-server.ts';
import { findFakeGcs } from '../servers/gcs.ts';
import { recordedSeconds, recordingManifest, smallTestCard, type Workbench } from './workbench.ts';

const darkest = 20;
const program = await findFakeGcs();

/** A resumable session takes no byte twice: the file is ended by appending, with rights to create and nothing else. */
describe.skipIf(program === undefined || !hasBrowser())('a recording through a resumable session', () => {
  let stage: SessionStage;
  let bench: Workbench;
  let player: BrowserPlayer;
  let destination: GcsDestination;
  beforeAll(async () => {
    stage = await openSessionStage();
    ({ bench, destination } = stage);
    player = await startBrowserPlayer();
  });
  afterAll(async () => {
    await player?.close();
    await stage?.close();
  });

  it('is laid out as an ordinary file while it is short enough to be in memory whole', async () => {
    const file = await bench.manifest(
      ...destination.manifests,
      recordingManifest('short', 'place', smallTestCard),
    );
    const running = bench.start('run', '-f', file);
    await bench.until('short', recordedSeconds(3));
    await bench.run(['stop', 'short']);
    expect({ code: await running.exited, said: running.output() }).toMatchObject({ code: 0 });
    const [output] = (await bench.status('short')).outputs ?? [];
    if (output === undefined) throw new Error('the recording names no file');
    const { durationSeconds } = await requireOrdinaryMp4(await destination.fetch(output));
    expect(Math.abs(durationSeconds - Number.parseFloat(output.duration))).toBeLessThan(0.1);
  });

  it('ends with what tells where to enter it, and plays in all readers', async () => {
    await stage.record('appended', async (running) => {
      await bench.run(['stop', 'appended']);
      expect({ code: await running.exited, said: running.output() }).toMatchObject({ code: 0 });
    });

    const [output] = (await bench.status('appended')).outputs ?? [];
    if (output === undefined) throw new Error('the recording names no file');
    const path = await destination.fetch(output);
    const boxes = await topLevelBoxes(path);
    expect(boxes.slice(0, 4)).toEqual(['ftyp', 'free', 'free', 'moov']);
    expect(boxes.at(-1)).toBe('mfra');
    expect(new Set(boxes.slice(4, -1))).toEqual(new Set(['moof', 'mdat', 'free']));
    await decodeAll(path);
    const facts = await inspect(path);
    const seconds = Number.parseFloat(output.duration);
    expect(Math.abs(facts.durationSeconds - seconds)).toBeLessThan(0.1);
    const other = await inspectOtherwise(path);
    expect(other.videoPackets).toBe(facts.videoFrames);
    expect(Math.abs(other.durationSeconds - seconds)).toBeLessThan(0.1);
    for (let second = 0; second < Math.floor(seconds) - 1; second += 2) await decodeAt(path, second);

    const web = await startRangeServer(path);
    try {
      const first = await player.open(web.pageUrl);
      expect(first.brightness).toBeGreaterThan(darkest);
      for (const share of [0.8, 0.1, 0.5]) {
        const shown = await player.seek(share * seconds);
        expect(shown.atSeconds).toBeCloseTo(share * seconds, 1);
        expect(shown.brightness).toBeGreaterThan(darkest);
      }
    } finally {
      await web.stop();
    }
  });
});
