import { setTimeout as sleep } from 'node:timers/promises';
import type { HandRecorder } from '../../cluster/hand-recorder.ts';

/** Recordings that go on reporting as recorders do. */
export interface ReportingCrowd {
  /** Taken so far. */
  readonly reports: number;
  /** Resolves when the reports that are under way have been answered; rejects where one was refused. */
  stop(): Promise<void>;
}

/** Every recorder reports to that port as often as it is told to, each at its own moment. */
export function startReporting(recorders: readonly HandRecorder[], port: number): ReportingCrowd {
  let reports = 0;
  let stopped = false;
  const all = Promise.all(
    recorders.map(async (recorder) => {
      await sleep(Math.random() * 1000);
      while (!stopped) {
        const { intervalSeconds } = await recorder.report(port);
        reports += 1;
        await sleep(intervalSeconds * 1000);
      }
    }),
  );
  all.catch(() => undefined); // Told by stop.
  return {
    get reports() {
      return reports;
    },
    async stop() {
      stopped = true;
      await all;
    },
  };
}
