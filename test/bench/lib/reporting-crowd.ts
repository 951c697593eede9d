import { setTimeout as sleep } from 'node:timers/promises';
import type { HandRecorder } from '../../cluster/hand-recorder.ts';

/** Recordings that go on reporting as recorders do. */
export interface ReportingCrowd {
  /** Taken so far. */
  readonly taken: number;
  /** Not answered, or not well: a recorder then reports again when its next report is due. */
  readonly failed: number;
  /** Resolves when the reports that are under way have ended. */
  stop(): Promise<void>;
}

/** After a report that was not taken, in seconds: a recorder's own interval. */
const againSeconds = 1;

/** Every recorder reports to that port as often as it is told to, each at its own moment. */
export function startReporting(recorders: readonly HandRecorder[], port: number): ReportingCrowd {
  const counts = { taken: 0, failed: 0 };
  let stopped = false;
  const all = Promise.all(
    recorders.map(async (recorder) => {
      await sleep(Math.random() * 1000);
      while (!stopped) {
        const reply = await recorder.report(port).catch(() => undefined);
        counts[reply === undefined ? 'failed' : 'taken'] += 1;
        await sleep((reply?.intervalSeconds ?? againSeconds) * 1000);
      }
    }),
  );
  return {
    get taken() {
      return counts.taken;
    },
    get failed() {
      return counts.failed;
    },
    async stop() {
      stopped = true;
      await all;
    },
  };
}
