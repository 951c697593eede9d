import { setTimeout as sleep } from 'node:timers/promises';
import { type RunReply, type RunReport, runReply } from '@tapedeck/core';
import { reportAudience } from '@tapedeck/operator';
import type { ApiServer } from './api-server.ts';
import { createHandKubelet, type HandPod } from './hand-kubelet.ts';
import { file, postReport, reported } from './hand-report.ts';

export type Desired = RunReply['desired'];

/** A pod with what a recorder in it would say. */
export interface HandRecorder {
  readonly run: string;
  readonly pod: HandPod;
  /** Says how it is to the operator on that port, and resolves with what the operator wants of it. */
  report(port: number, more?: Partial<RunReport>): Promise<RunReply>;
  /** Ends with a complete file. */
  finish(port: number): Promise<void>;
}

/** Starts the pod of an attempt of the recording of that uid; its Job must be there. */
export async function startHandRecorder(
  server: ApiServer,
  ca: string,
  uid: string,
  attempt = 1,
): Promise<HandRecorder> {
  const kubelet = createHandKubelet(server, 'default');
  const [job] = await kubelet.jobs(`rec-${uid}-${attempt}`);
  if (job === undefined) throw new Error(`there is no Job of attempt ${attempt} of ${uid}`);
  const pod = await kubelet.startPod(job);
  await pod.run();
  const token = await pod.token(reportAudience);
  const run = String(pod.document.id);
  const startTime = new Date().toISOString();
  let sequence = 0;

  const recorder: HandRecorder = {
    run,
    pod,
    async report(port, more = {}) {
      sequence += 1;
      const body = reported(pod.document, sequence, {
        startTime,
        files: [file(pod.document, 'Open')],
        ...more,
      });
      const answer = await postReport({ port, ca }, run, token, body);
      if (answer.status !== 200) throw new Error(`a report was refused: ${JSON.stringify(answer.body)}`);
      return runReply.parse(answer.body);
    },
    async finish(port) {
      await recorder.report(port, {
        state: 'Ended',
        files: [file(pod.document, 'Complete')],
        result: { exit: 'Complete', stopReason: 'Requested' },
      });
      await pod.end(0);
    },
  };
  return recorder;
}

/** Reports as often as a recorder is told to, until it is wanted in that state; resolves with when it heard of it. */
export async function reportUntil(recorder: HandRecorder, port: number, wanted: Desired): Promise<number> {
  for (;;) {
    const { desired, intervalSeconds } = await recorder.report(port);
    if (desired === wanted) return performance.now();
    await sleep(intervalSeconds * 1000);
  }
}
