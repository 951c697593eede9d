import type { RunReply, RunReport } from '@tapedeck/core';
import type { SendReport } from './report-endpoint.ts';
import type { RunLog } from './run-log.ts';

/** Until the first reply says otherwise. */
const initialIntervalSeconds = 1;

export interface ReportChannel {
  /** Reports now; resolves with true once control has kept it durably, with false when it could not be reached. */
  flush(): Promise<boolean>;
  /** Milliseconds since the last reply, or since the channel opened. */
  readonly silentMs: number;
  /** Stops reporting; a report under way is waited for. Idempotent. */
  close(): Promise<void>;
}

interface ChannelOptions {
  /** Absent: nobody listens, every flush resolves with true. */
  readonly send: SendReport | undefined;
  readonly report: () => RunReport;
  readonly onDesired: (desired: RunReply['desired']) => void;
  readonly log: RunLog;
}

/**
 * Reports again and again, one call at a time. Each report is the whole truth, so a lost one is made good by
 * the next, and a channel that is down never holds up the recording.
 */
export function createReportChannel(options: ChannelOptions): ReportChannel {
  const { send, log } = options;
  let intervalSeconds = initialIntervalSeconds;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let lastReply = performance.now();
  let reachable = true;
  let underWay: Promise<boolean> = Promise.resolve(true);
  let waiting: Promise<boolean> | undefined;

  async function once(): Promise<boolean> {
    if (send === undefined) return true;
    let reply: RunReply;
    try {
      reply = await send(options.report());
    } catch (error) {
      if (reachable) log.warn('ControlAway', { message: String(error) });
      reachable = false;
      return false;
    }
    lastReply = performance.now();
    intervalSeconds = reply.intervalSeconds;
    if (!reachable) log.info('ControlBack');
    reachable = true;
    options.onDesired(reply.desired);
    return true;
  }

  function flush(): Promise<boolean> {
    clearTimeout(timer);
    // One call behind the one under way serves whoever asks meanwhile: it is made from what is true by then.
    waiting ??= underWay.then(() => {
      waiting = undefined;
      underWay = once().finally(schedule);
      return underWay;
    });
    return waiting;
  }

  function schedule(): void {
    clearTimeout(timer);
    if (closed || send === undefined) return;
    timer = setTimeout(() => void flush(), intervalSeconds * 1000);
  }

  schedule();
  return {
    flush,
    get silentMs() {
      return send === undefined ? 0 : performance.now() - lastReply;
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await (waiting ?? underWay);
    },
  };
}
