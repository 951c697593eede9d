import { exitCodes } from '@tapedeck/core';
import { reportAudience } from '@tapedeck/operator';
import { describe, expect, it, vi } from 'vitest';
import { callApi } from './api-request.ts';
import { checked, file, reported } from './hand-report.ts';
import { findKubernetes } from './kubernetes.ts';
import { condition, group, soon, useOperatorStage } from './operator-stage.ts';

const there = (await findKubernetes()) !== undefined;

describe.skipIf(!there)('the operator’s storages, on a real API server', () => {
  const stage = useOperatorStage();

  it('has a storage checked by a Job with its Secret mounted, and waits while that says no', async () => {
    await stage.apply('ExternalStorage', 'externalstorages', 'team', {
      provider: 'S3',
      s3: { bucket: 'recordings' },
      credentials: { secretRef: { name: 'team-bucket' } },
      check: { interval: '168h' },
    });
    await stage.applyRecording('physics', { room: 'lab' });
    const pod = await stage.kubelet.startPod(await stage.kubelet.job(/^check-/));
    expect(pod.document).toMatchObject({
      storage: { name: 'team', credentials: { type: 'Directory', path: '/run/tapedeck/credentials/0' } },
    });
    await pod.end(
      1,
      checked(pod.document, { ready: false, reason: 'StorageDenied', message: 'It said no.' }),
    );
    await vi.waitFor(async () => {
      expect(condition(await stage.read('externalstorages', 'team'), 'Stalled')).toMatchObject({
        status: 'True',
        reason: 'StorageDenied',
      });
    }, soon);
    await vi.waitFor(async () => {
      const ready = condition(await stage.read('recordings', 'physics'), 'Ready');
      expect(ready).toMatchObject({ status: 'False', reason: 'StorageNotReady' });
      expect(ready?.message).toContain('StorageDenied: It said no');
    }, soon);
    // The check's Job is gone, and with it what it left.
    await vi.waitFor(async () => {
      const names = (await stage.kubelet.jobs()).map(({ metadata }) => metadata.name);
      expect(names.filter((name) => name.startsWith('check-'))).not.toContain(pod.name.replace(/-pod$/, ''));
    }, soon);
    await pod.remove();
    const again = await stage.kubelet.startPod(await stage.kubelet.job(/^check-/));
    await again.end(0, checked(again.document));
    await vi.waitFor(async () => {
      expect(condition(await stage.read('externalstorages', 'team'), 'Ready')?.status).toBe('True');
    }, soon);
    await again.remove();
    await vi.waitFor(async () => {
      const reasons = (await stage.events()).map(({ reason }) => reason);
      expect(reasons).toEqual(expect.arrayContaining(['StorageDenied', 'StorageNotReady']));
    }, soon);
  }, 240_000);

  it('checks a storage anew whose spec was edited, and says which edit its status is about', async () => {
    const edited = await stage.apply('ExternalStorage', 'externalstorages', 'team', {
      provider: 'S3',
      s3: { bucket: 'recordings' },
      prefix: 'lessons',
      credentials: { secretRef: { name: 'team-bucket' } },
      check: { interval: '168h' },
    });
    expect(edited.metadata.generation).toBe(2);
    const pod = await stage.kubelet.startPod(await stage.kubelet.job(/^check-/));
    expect(condition(await stage.read('externalstorages', 'team'), 'Ready')?.status).toBe('Unknown');
    await pod.end(0, checked(pod.document));
    await vi.waitFor(async () => {
      const team = await stage.read('externalstorages', 'team');
      expect(team.status?.observedGeneration).toBe(2);
      expect(condition(team, 'Ready')).toMatchObject({ status: 'True', observedGeneration: 2 });
    }, soon);
    await pod.remove();
  }, 100_000);

  it('takes a storage out of service that refuses a run, until a check says otherwise', async () => {
    await stage.applyRecording('refused');
    const run = await stage.startRun('refused');
    expect(run.document.storages).toMatchObject([{ name: 'team', generation: 2 }]);
    const time = new Date().toISOString();
    const away = { code: 'StorageDenied', message: 'It says no.', since: time, time };
    const token = await run.token(reportAudience);
    const said = reported(run.document, 1, {
      files: [file(run.document, 'Open')],
      storages: [{ name: 'team', generation: 2, bytesStored: 0, away }],
    });
    expect((await stage.post(String(run.document.id), token, said)).status).toBe(200);
    await vi.waitFor(async () => {
      const ready = condition(await stage.read('externalstorages', 'team'), 'Ready');
      expect(ready).toMatchObject({ status: 'False', reason: 'StorageDenied', message: 'It says no.' });
    }, soon);
    const check = await stage.kubelet.startPod(await stage.kubelet.job(/^check-/));
    await check.end(0, checked(check.document));
    await vi.waitFor(async () => {
      expect(condition(await stage.read('externalstorages', 'team'), 'Ready')?.status).toBe('True');
    }, soon);
    expect((await stage.read('recordings', 'refused')).status?.phase).toBe('Recording');
    await check.remove();
    await callApi(stage.server, 'DELETE', `${group}/recordings/refused`);
    await run.end(exitCodes.Complete);
    await run.remove();
  }, 180_000);
});
