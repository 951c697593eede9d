import { exitCodes } from '@tapedeck/core';
import { reportAudience } from '@tapedeck/operator';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { file, reported } from './hand-report.ts';
import { findKubernetes } from './kubernetes.ts';
import { condition, soon, useOperatorStage } from './operator-stage.ts';

const there = (await findKubernetes()) !== undefined;

describe.skipIf(!there)('the operator’s copies, on a real API server', () => {
  const stage = useOperatorStage();
  beforeAll(async () => await stage.readyStorage('team'), 100_000);

  it('copies: a Job with the Secrets of both storages, its progress and its end in the status', async () => {
    await stage.applyRecording('physics', { state: 'Recording' });
    const recorded = await stage.startRun('physics');
    const ended = reported(recorded.document, 1, {
      state: 'Ended',
      files: [file(recorded.document, 'Complete')],
      result: { exit: 'Complete', stopReason: 'Requested' },
    });
    await recorded.end(exitCodes.Complete, JSON.stringify(ended));
    await vi.waitFor(async () => {
      expect((await stage.read('recordings', 'physics')).status?.phase).toBe('Uploaded');
    }, soon);
    await recorded.remove();
    await stage.readyStorage('archive');
    await stage.apply('RecordingCopy', 'recordingcopies', 'away', {
      recordingRef: { name: 'physics' },
      storage: { name: 'archive' },
      directory: 'in',
    });
    const pod = await stage.startRun('away', 1, 'recordingcopies');
    const { document } = pod;
    const [source] = (await stage.read('recordings', 'physics')).status?.outputs ?? [];
    const sourceKey = source?.key;
    const key = `in/${sourceKey}`;
    expect(document).toMatchObject({
      mode: 'Copy',
      target: 'archive',
      storages: [
        { name: 'archive', credentials: { type: 'Directory', path: '/run/tapedeck/credentials/0' } },
        { name: 'team', credentials: { type: 'Directory', path: '/run/tapedeck/credentials/1' } },
      ],
      files: [{ key, sources: [{ storage: 'team', key: sourceKey, bytes: 3000, crc32: '00000000' }] }],
    });
    const run = String(document.id);
    const token = await pod.token(reportAudience);
    const going = reported(document, 1, { state: 'Uploading' });
    expect((await stage.post(run, token, going)).body).toMatchObject({ desired: 'Recording' });
    await vi.waitFor(async () => {
      const copy = await stage.read('recordingcopies', 'away');
      expect(copy.status).toMatchObject({
        phase: 'Uploading',
        progress: { bytesCopied: 2000, bytesTotal: 3000 },
        attempts: [{ pod: pod.name, node: 'node-1' }],
      });
    }, soon);
    const copied = { ...file(document, 'Complete'), key, storage: 'archive', url: `s3://archive/${key}` };
    const last = reported(document, 2, { state: 'Ended', files: [copied], result: { exit: 'Complete' } });
    await pod.end(exitCodes.Complete, JSON.stringify(last));
    await vi.waitFor(async () => {
      const copy = await stage.read('recordingcopies', 'away');
      expect(condition(copy, 'Complete')?.status).toBe('True');
      expect(copy.status).toMatchObject({ phase: 'Uploaded', outputs: [{ key, crc32: '00000000' }] });
      expect((await stage.kubelet.jobs()).map(({ metadata }) => metadata.name)).not.toContain(`rec-${run}`);
    }, soon);
    const shown = await stage.server.kubectl(['get', 'recc', 'away']);
    expect(shown.stdout).toMatch(/away +Uploaded +physics +archive +2000 +3000 +True/);
    await pod.remove();
  }, 280_000);
});
