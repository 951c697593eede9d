import { randomBytes } from 'node:crypto';
import type { RunReport } from '@tapedeck/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeReadyStorage, makeRecording } from './crowd.ts';
import { createHandKubelet } from './hand-kubelet.ts';
import { startHandRecorder } from './hand-recorder.ts';
import { file } from './hand-report.ts';
import { findKubernetes } from './kubernetes.ts';
import { type OperatorGround, startOperatorGround } from './operator-ground.ts';
import type { OperatorProcess } from './operator-process.ts';

const hookTimeoutMs = 25 * 60_000;
const bin = await findKubernetes();

/** As many as S3 takes. */
const parts = Array.from({ length: 10_000 }, (_, index) => ({
  number: index + 1,
  offset: index * 8_388_608,
  size: 8_388_608,
  receipt: { etag: `"${randomBytes(16).toString('hex')}"` },
}));

describe.skipIf(bin === undefined)('a file of 10,000 parts that a broken run left open', () => {
  let ground: OperatorGround;
  let operator: OperatorProcess;

  beforeAll(async () => {
    ground = await startOperatorGround();
    operator = await ground.startOperator('first');
    await makeReadyStorage(ground.server);
  }, hookTimeoutMs);
  afterAll(() => ground?.stop());

  it('is handed to each next run, by each next operator', async () => {
    const kubelet = createHandKubelet(ground.server, 'default');
    const uid = await makeRecording(ground.server, 'long');
    // Four journals together are longer than one object of Kubernetes may be.
    for (let attempt = 1; attempt <= 4; attempt += 1) {
      await kubelet.job(new RegExp(`^rec-${uid}-${attempt}$`));
      const recorder = await startHandRecorder(ground.server, ground.ca, uid, attempt);
      const previous = recorder.pod.document.previous as RunReport['files'];
      const left = previous.filter(({ state }) => state === 'Open').map(({ journal }) => journal?.parts);
      expect(left).toEqual(attempt === 1 ? [] : [parts]);
      const open = file(recorder.pod.document, 'Open');
      const journal = { ...open.journal, parts } as NonNullable<typeof open.journal>;
      // What was left before is complete by now, or it would be handed on as well.
      const done = previous.map(({ journal: _, ...rest }) => ({ ...rest, state: 'Complete' as const }));
      const mine = { ...open, segment: attempt, attempt, journal };
      await recorder.report(operator.reportPort, { files: [...done, mine] });
      await operator.stop();
      operator = await ground.startOperator(`after-${attempt}`);
      await operator.leads();
      await recorder.pod.end(137);
    }
    await kubelet.job(new RegExp(`^rec-${uid}-5$`));
  }, 240_000);
});
