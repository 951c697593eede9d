import { expect } from 'vitest';
import type { Destination } from '../chaos/destination.ts';
import { startBroadcast } from '../media/broadcast.ts';
import { realClip } from '../media/clip.ts';
import { decodeAt, requireOrdinaryMp4 } from '../media/inspect.ts';
import { createWorkbench, recordedSeconds, recordingManifest, streamSource } from './workbench.ts';

/** Long enough that provisional parts were sent before the stop. */
const recordSeconds = 9;

/**
 * The main job as a person does it: a real broadcast recorded by the command line into that place, stopped, fetched
 * from the service by somebody else, and judged by two readers. Nothing but the file may be left there.
 */
export async function requireMainJob(openDestination: () => Promise<Destination>): Promise<void> {
  await using resources = new AsyncDisposableStack();
  const destination = await openDestination();
  resources.defer(() => destination.close());
  const bench = await createWorkbench();
  resources.defer(() => bench.close());
  const broadcast = await startBroadcast('Rtmp', { file: await realClip() });
  resources.defer(() => broadcast.stop());

  const name = 'main-job';
  const file = await bench.manifest(
    ...destination.manifests,
    recordingManifest(name, 'place', { ...streamSource(broadcast.url), room: name }),
  );
  const running = bench.start('run', '-f', file);
  // While it is recorded: what is not sent before the stop would be by it.
  await bench.until(
    name,
    (status) => recordedSeconds(recordSeconds)(status) && (status.progress?.bytesUploaded ?? 0) > 0,
  );
  await bench.run(['stop', name]);
  expect({ code: await running.exited, said: running.output() }).toMatchObject({ code: 0 });

  const { outputs = [], phase } = await bench.status(name);
  expect(phase).toBe('Uploaded');
  const [output] = outputs;
  if (output === undefined) throw new Error('the recording names no file');
  expect(await destination.contents()).toEqual([output.key]);
  const path = await destination.fetch(output);
  const facts = await requireOrdinaryMp4(path);
  expect(facts.codecs).toEqual(['h264', 'aac']);
  expect(Math.abs(facts.durationSeconds - Number.parseFloat(output.duration))).toBeLessThan(0.1);
  expect(facts.durationSeconds).toBeGreaterThan(recordSeconds);
  for (let second = 0; second < Math.floor(facts.durationSeconds) - 1; second += 3)
    await decodeAt(path, second);
}
