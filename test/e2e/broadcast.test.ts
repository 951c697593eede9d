import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Broadcast, startBroadcast } from '../media/broadcast.ts';
import { realClip } from '../media/clip.ts';
import { decodeAt, requireOrdinaryMp4 } from '../media/inspect.ts';
import { measureSync, worstOffset } from '../media/sync-meter.ts';
import { type Bucket, openBucket } from '../servers/bucket.ts';
import { startVersityGw, type VersityGw } from '../servers/versitygw.ts';
import {
  createWorkbench,
  recordedSeconds,
  recordingManifest,
  s3StorageManifests,
  streamSource,
  type Workbench,
} from './workbench.ts';

/** What the manifest leaves to the default. */
const durabilitySeconds = 5;
/** A part is listed with a time in whole seconds, and a look at it takes a moment itself. */
const listingSlackSeconds = 2;
const looks = 12;

let server: VersityGw;
let bucket: Bucket;
let bench: Workbench;
beforeAll(async () => {
  server = await startVersityGw();
  bucket = openBucket(server);
  bench = await createWorkbench();
});
afterAll(async () => {
  await bench.close();
  bucket.close();
  await server.stop();
});

describe.each([
  { protocol: 'Rtmp', content: 'card' },
  { protocol: 'Hls', content: 'card' },
  { protocol: 'Rtmp', content: 'clip' },
] as const)('a $content broadcast over $protocol into S3', ({ protocol, content }) => {
  const name = `${protocol}-${content}`.toLowerCase();
  let broadcast: Broadcast;
  afterAll(() => broadcast?.stop());

  it('is in the bucket while it is recorded, and an ordinary MP4 once it is stopped', async () => {
    broadcast = await startBroadcast(protocol, content === 'clip' ? { file: await realClip() } : {});
    const file = await bench.manifest(
      ...s3StorageManifests('team', server),
      recordingManifest(name, 'team', { ...streamSource(broadcast.url), room: name }),
    );
    const running = bench.start('run', '-f', file);
    await bench.until(name, recordedSeconds(durabilitySeconds + 2));

    let seen = 0;
    for (let look = 0; look < looks; look++) {
      const parts = await bucket.openParts();
      const newest = Math.max(...parts.map(({ modified }) => modified.getTime()));
      expect((Date.now() - newest) / 1000).toBeLessThanOrEqual(durabilitySeconds + listingSlackSeconds);
      const size = parts.reduce((sum, part) => sum + part.size, 0);
      expect(size).toBeGreaterThanOrEqual(seen);
      seen = size;
      await sleep(1_000);
    }
    expect(seen).toBeGreaterThan(0);

    await bench.until(name, recordedSeconds(durabilitySeconds + looks + 1));
    await bench.run(['stop', name]);
    expect(await running.exited).toBe(0);
    const { outputs, stopReason, phase } = await bench.status(name);
    expect({ stopReason, phase }).toEqual({ stopReason: 'Requested', phase: 'Uploaded' });
    expect(outputs).toHaveLength(1);
    expect(await bucket.openParts()).toEqual([]);

    const path = `${bench.directory}/${name}.mp4`;
    await bucket.download(outputs?.[0]?.key ?? '', path);
    const facts = await requireOrdinaryMp4(path);
    expect(facts.codecs).toEqual(['h264', 'aac']);
    expect(Math.abs(facts.durationSeconds - Number.parseFloat(outputs?.[0]?.duration ?? '0'))).toBeLessThan(
      0.1,
    );
    expect(facts.durationSeconds).toBeGreaterThan(durabilitySeconds + looks);
    for (let second = 0; second < Math.floor(facts.durationSeconds) - 1; second++)
      await decodeAt(path, second);
    if (content === 'card') expect(worstOffset(await measureSync(path))).toBeLessThanOrEqual(40);
  });
});
