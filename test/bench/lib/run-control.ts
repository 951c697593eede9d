import { createServer } from 'node:http';
import { json } from 'node:stream/consumers';
import { type RunReply, type RunReport, runReport } from '@tapedeck/core';
import { waitFor } from '../../media/port.ts';

/** Who the recorder reports to: control's side of the run contract and nothing else of it. */
export interface RunControl {
  readonly url: string;
  readonly latest: RunReport | undefined;
  /** Answers with Stopped from now on. */
  stop(): void;
  /** When the first such answer was given, by `performance.now()`. */
  readonly toldMs: number | undefined;
  until(wanted: (report: RunReport) => boolean, seconds: number): Promise<RunReport>;
  close(): Promise<void>;
}

/** How often local mode lets a recorder report. */
const intervalSeconds = 1;

export async function startRunControl(): Promise<RunControl> {
  let latest: RunReport | undefined;
  let toldMs: number | undefined;
  let desired: RunReply['desired'] = 'Recording';
  const server = createServer((request, response) => {
    json(request)
      .then((body) => {
        latest = runReport.parse(body);
        const reply: RunReply = { desired, intervalSeconds };
        if (desired === 'Stopped') toldMs ??= performance.now();
        response.end(JSON.stringify(reply));
      })
      .catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('No port was given.');
  return {
    url: `http://127.0.0.1:${address.port}/report`,
    get latest() {
      return latest;
    },
    get toldMs() {
      return toldMs;
    },
    stop() {
      desired = 'Stopped';
    },
    until: (wanted, seconds) =>
      waitFor(
        'a report that is as wanted',
        () => (latest !== undefined && wanted(latest) ? latest : undefined),
        seconds,
      ),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
