import { createWorkbench, recordingManifest, streamSource, type Workbench } from '../e2e/workbench.ts';
import { startBroadcast } from '../media/broadcast.ts';
import type { TestChild } from '../media/child.ts';
import { realClip } from '../media/clip.ts';
import { type GcsDestination, gcsDestination } from './destination-gcs.ts';

/** The smallest part of a session that goes out before the end of a file. */
const PART_BYTES = 5 * 1024 * 1024;

/** A workbench and a bucket whose only right is to create: recordings go through resumable sessions. */
export interface SessionStage {
  readonly bench: Workbench;
  readonly destination: GcsDestination;
  /** Records a broadcast of 12 Mbit/s; `body` begins once a part is there, and ends it or has it ended. */
  record(name: string, body: (running: TestChild) => Promise<void>): Promise<void>;
  close(): Promise<void>;
}

export async function openSessionStage(): Promise<SessionStage> {
  const destination = await gcsDestination('Resumable', 'plain');
  const bench = await createWorkbench();
  return {
    bench,
    destination,
    async record(name, body) {
      const broadcast = await startBroadcast('Rtmp', { file: await realClip() });
      try {
        const file = await bench.manifest(
          ...destination.manifests,
          recordingManifest(name, 'place', {
            ...streamSource(broadcast.url),
            room: name,
            video: { encode: 'Always', bitrate: 12_000_000 },
          }),
        );
        const running = bench.start('run', '-f', file);
        await bench.until(name, ({ progress }) => (progress?.bytesUploaded ?? 0) >= PART_BYTES, 60_000);
        await body(running);
      } finally {
        await broadcast.stop();
      }
    },
    async close() {
      await bench.close();
      await destination.close();
    },
  };
}
