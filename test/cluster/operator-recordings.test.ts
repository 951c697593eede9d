import { exitCodes } from '@tapedeck/core';
import { reportAudience } from '@tapedeck/operator';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { callApi } from './api-request.ts';
import { file, reported } from './hand-report.ts';
import { findKubernetes } from './kubernetes.ts';
import { operatorNamespace } from './operator-rights.ts';
import { condition, group, soon, useOperatorStage } from './operator-stage.ts';

const there = (await findKubernetes()) !== undefined;

describe.skipIf(!there)('the operator’s recordings, on a real API server', () => {
  const stage = useOperatorStage();
  beforeAll(async () => await stage.readyStorage('team'), 100_000);

  it('records: a Job, reports over HTTPS, the state that is wanted back, and the file in the status', async () => {
    await stage.applyRecording('physics', { room: 'lab' });
    const pod = await stage.startRun('physics');
    const { document } = pod;
    const run = String(document.id);
    expect(document).toMatchObject({
      mode: 'Record',
      report: { url: `https://127.0.0.1:${stage.ports.report}/runs/${run}/report` },
      terminationFile: '/dev/termination-log',
    });
    const token = await pod.token(reportAudience);
    const open = await stage.post(run, token, reported(document, 1, { files: [file(document, 'Open')] }));
    expect(open).toEqual({ status: 200, body: { desired: 'Recording', intervalSeconds: 0.8 } });
    await vi.waitFor(async () => {
      const recording = await stage.read('recordings', 'physics');
      expect(recording.status?.phase).toBe('Recording');
      expect(recording.status?.attempts?.[0]).toMatchObject({ pod: pod.name, node: 'node-1' });
    }, soon);
    const stopped = await stage.apply('Recording', 'recordings', 'physics', {
      source: { type: 'TestCard' },
      storage: { refs: [{ name: 'team' }] },
      room: 'lab',
      state: 'Stopped',
    });
    await vi.waitFor(async () => {
      const { status } = await stage.read('recordings', 'physics');
      expect(status?.observedGeneration).toBe(stopped.metadata.generation);
    }, soon);
    // The very next report is answered with it.
    const asked = await stage.post(run, token, reported(document, 2, { files: [file(document, 'Open')] }));
    expect(asked.body.desired).toBe('Stopped');
    const last = reported(document, 3, {
      state: 'Ended',
      files: [file(document, 'Complete')],
      result: { exit: 'Complete', stopReason: 'Requested' },
    });
    // Its last word is the termination message alone: the operator might have been away.
    await pod.end(exitCodes.Complete, JSON.stringify(last));
    await vi.waitFor(async () => {
      const recording = await stage.read('recordings', 'physics');
      expect(condition(recording, 'Complete')?.status).toBe('True');
      expect(recording.status?.phase).toBe('Uploaded');
      expect(recording.status?.outputs).toHaveLength(1);
    }, soon);
    await vi.waitFor(async () => {
      expect((await stage.kubelet.jobs()).map(({ metadata }) => metadata.name)).not.toContain(`rec-${run}`);
    }, soon);
    await vi.waitFor(async () => {
      const reasons = (await stage.events()).map(({ reason }) => reason);
      expect(reasons).toEqual(expect.arrayContaining(['Recording', 'Complete']));
    }, soon);
    const metrics = await stage.metrics();
    expect(metrics).toContain('tapedeck_recordings_ended_total{phase="Uploaded"} 1\n');
    expect(metrics).toContain('tapedeck_recordings_ended_total{phase="Failed"} 0\n');
    await pod.remove();
  }, 220_000);

  it('says why a run does not start, and goes on when it does', async () => {
    await stage.applyRecording('waiting');
    const { metadata } = await stage.read('recordings', 'waiting');
    const pod = await stage.kubelet.startPod(await stage.kubelet.job(new RegExp(`^rec-${metadata.uid}-1$`)));
    await pod.setStatus({
      phase: 'Pending',
      containerStatuses: [
        {
          name: 'recorder',
          image: 'x',
          imageID: '',
          ready: false,
          restartCount: 0,
          state: { waiting: { reason: 'ErrImagePull', message: 'not found' } },
        },
      ],
    });
    await vi.waitFor(async () => {
      expect(condition(await stage.read('recordings', 'waiting'), 'Stalled')).toMatchObject({
        status: 'True',
        reason: 'ImageNotPulled',
      });
    }, soon);
    await pod.run();
    await stage.post(String(pod.document.id), await pod.token(reportAudience), reported(pod.document, 1));
    await vi.waitFor(async () => {
      const recording = await stage.read('recordings', 'waiting');
      expect(recording.status?.phase).toBe('Recording');
      expect(condition(recording, 'Stalled')?.status).toBe('False');
    }, soon);
  }, 120_000);

  it('goes on in a next attempt from what a broken one left', async () => {
    await stage.applyRecording('broken');
    const pod = await stage.startRun('broken');
    const token = await pod.token(reportAudience);
    await stage.post(
      String(pod.document.id),
      token,
      reported(pod.document, 1, { files: [file(pod.document, 'Open')] }),
    );
    await pod.end(137);
    const next = await stage.startRun('broken', 2);
    expect(next.document).toMatchObject({
      attempt: 2,
      previous: [{ state: 'Open', journal: { token: { id: 1 } } }],
    });
  }, 150_000);

  it('puts a finalizer on a Recording whose files go with it, and lets go when they are gone', async () => {
    const { metadata } = await stage.applyRecording('tidy', { deletionPolicy: 'Delete' });
    await vi.waitFor(async () => {
      expect((await stage.read('recordings', 'tidy')).metadata.finalizers).toEqual(['tapedeck.dev/objects']);
    }, soon);
    const pod = await stage.startRun('tidy');
    const token = await pod.token(reportAudience);
    const complete = { files: [file(pod.document, 'Complete')], result: { exit: 'Complete' as const } };
    await stage.post(
      String(pod.document.id),
      token,
      reported(pod.document, 1, { state: 'Ended', ...complete }),
    );
    await pod.end(0);
    await vi.waitFor(
      async () => expect((await stage.read('recordings', 'tidy')).status?.phase).toBe('Uploaded'),
      soon,
    );
    await callApi(stage.server, 'DELETE', `${group}/recordings/tidy`);
    const removal = await stage.kubelet.startPod(
      await stage.kubelet.job(new RegExp(`^rec-${metadata.uid}-2$`)),
    );
    expect(removal.document).toMatchObject({ mode: 'Remove', previous: [{ state: 'Complete' }] });
    const gone = reported(removal.document, 1, { state: 'Ended', files: [], result: { exit: 'Complete' } });
    await removal.end(0, JSON.stringify(gone));
    await vi.waitFor(async () => {
      expect((await callApi(stage.server, 'GET', `${group}/recordings/tidy`)).status).toBe(404);
    }, soon);
  }, 220_000);

  it('ends the run of a Recording that is deleted, by suspending its Job', async () => {
    await stage.applyRecording('short');
    const pod = await stage.startRun('short');
    const token = await pod.token(reportAudience);
    const open = reported(pod.document, 1, { files: [file(pod.document, 'Open')] });
    expect((await stage.post(String(pod.document.id), token, open)).status).toBe(200);
    await callApi(stage.server, 'DELETE', `${group}/recordings/short`);
    await vi.waitFor(async () => {
      const job = (await stage.kubelet.jobs()).find(
        ({ metadata }) => metadata.name === `rec-${pod.document.id}`,
      );
      expect(job?.spec.suspend).toBe(true);
    }, soon);
    const answer = await stage.post(String(pod.document.id), token, { ...open, sequence: 2 });
    expect(answer.body.desired).toBe('Stopped');
    const last = reported(pod.document, 3, {
      state: 'Ended',
      files: [file(pod.document, 'Complete')],
      result: { exit: 'Interrupted' },
    });
    await stage.post(String(pod.document.id), token, last);
    await pod.end(exitCodes.Interrupted);
    await vi.waitFor(async () => {
      const names = (await stage.kubelet.jobs()).map(({ metadata }) => metadata.name);
      expect(names).not.toContain(`rec-${pod.document.id}`);
      const kept = await stage.server.kubectl(['-n', operatorNamespace, 'get', 'configmaps', '-o', 'name']);
      expect(kept.stdout).not.toContain(String(pod.document.id).replace(/-1$/, ''));
    }, soon);
  }, 120_000);
});
