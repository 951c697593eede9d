import { join } from 'node:path';
import { expect, it } from 'vitest';
import { s3Destination } from '../chaos/destination.ts';
import { runChild } from '../media/child.ts';
import { decodeAll, decodeAt, inspect, inspectOtherwise, topLevelBoxes } from '../media/inspect.ts';
import { isPutPart, startFaultProxy } from '../servers/fault-proxy.ts';
import {
  createWorkbench,
  phaseIs,
  recordingManifest,
  s3StorageManifests,
  streamSource,
} from './workbench.ts';

const seconds = 12;
/** Parts are of 8 MiB where they must be equal; noise keeps the small picture from being squeezed below several of them. */
const LEAST_PARTS = 3;

it('a service that wants equal parts, each once, gets a file of fragments that ends with a trailer', async () => {
  await using resources = new AsyncDisposableStack();
  const bench = await createWorkbench();
  resources.defer(() => bench.close());
  const destination = await s3Destination();
  resources.defer(() => destination.close());
  const proxy = await startFaultProxy(destination.server.endpoint);
  resources.defer(() => proxy.close());
  const clip = join(bench.directory, 'noise.mp4');
  await runChild('ffmpeg', [
    ...['-v', 'error', '-f', 'lavfi', '-i', `testsrc2=size=320x240:rate=25:duration=${seconds}`],
    ...['-f', 'lavfi', '-i', `sine=frequency=440:duration=${seconds}`, '-vf', 'noise=alls=100:allf=t'],
    ...['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-g', '25', '-qp', '4'],
    ...['-c:a', 'aac', '-b:a', '128k', clip],
  ]);
  const [secret, storage] = s3StorageManifests('place', { ...destination.server, endpoint: proxy.endpoint });
  const { spec } = storage as { spec: { s3: object } };
  const equal = { ...storage, spec: { ...spec, s3: { ...spec.s3, equalParts: true, replaceParts: false } } };
  const name = 'equal-parts';
  const file = await bench.manifest(
    secret,
    equal,
    recordingManifest(name, 'place', { ...streamSource(clip), room: name }),
  );
  await bench.run(['run', '-f', file]);
  const { outputs: [output] = [] } = await bench.until(name, phaseIs('Uploaded'));
  if (output === undefined) throw new Error('the recording names no file');

  const puts = proxy.requests.filter(isPutPart()).map(({ path }) => path);
  expect(puts.filter((path) => path.includes(output.key)).length).toBeGreaterThanOrEqual(LEAST_PARTS);
  expect(new Set(puts).size).toBe(puts.length);
  expect(await destination.contents()).toEqual([output.key]);
  const path = await destination.fetch(output);
  const boxes = (await topLevelBoxes(path)).filter((type) => type !== 'free');
  expect(boxes.slice(0, 2)).toEqual(['ftyp', 'moov']);
  expect(boxes.at(-1)).toBe('mfra');
  await decodeAll(path);
  const facts = await inspect(path);
  const other = await inspectOtherwise(path);
  expect(other.videoPackets).toBe(facts.videoFrames);
  expect(Math.abs(facts.durationSeconds - seconds)).toBeLessThan(0.2);
  for (let second = 0; second < seconds - 1; second += 3) await decodeAt(path, second);
});
