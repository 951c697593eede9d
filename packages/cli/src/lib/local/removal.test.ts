import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ResourceKey } from '@tapedeck/control';
import type { RecordingSpec, RecordingStatus, RunFile } from '@tapedeck/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LocalData, openLocalData } from './local-data.ts';
import { removeResource } from './removal.ts';
import { createReportLedger } from './report-ledger.ts';

let root: string;
let data: LocalData;
const recordingKey: ResourceKey = { kind: 'Recording', namespace: 'default', name: 'a' };
const storageKey: ResourceKey = { kind: 'ExternalStorage', namespace: 'default', name: 'folder' };

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'tapedeck-removal-'));
  data = openLocalData(root);
});
afterEach(() => {
  data.close();
  rmSync(root, { recursive: true, force: true });
});

/** A recording that control has left in that phase, its run directories freed; gives its scratch. */
async function recorded(
  phase: RecordingStatus['phase'],
  deletionPolicy: RecordingSpec['deletionPolicy'],
  fileState?: RunFile['state'],
): Promise<string> {
  await data.store.apply([
    { key: storageKey, manifest: { spec: { provider: 'Local', local: { directory: '/out' } } } },
    { key: recordingKey, manifest: { spec: { source: { type: 'TestCard' }, deletionPolicy } } },
  ]);
  const recording = await data.store.get('Recording', 'default', 'a');
  if (recording === undefined) throw new Error('not there');
  await data.store.writeStatus(recording, {
    phase,
    storage: { name: 'folder', bucket: '/out', provider: 'Local' },
  });
  const uid = recording.metadata.uid ?? '';
  const file = { segment: 1, attempt: 1, key: 'a.mp4', storage: 'folder', bytes: 1, durationSeconds: 1 };
  if (fileState !== undefined) {
    await createReportLedger(data.database).save(uid, {
      version: 1,
      id: `${uid}-1`,
      sequence: 1,
      time: '2026-11-21T09:00:00.000Z',
      state: 'Ended',
      progress: { durationSeconds: 1, bytesRecorded: 1, bytesUploaded: 1, lagSeconds: 0, bitrate: 0 },
      files: [{ ...file, state: fileState }],
      gaps: [],
      pauses: [],
      notices: [],
    });
  }
  const scratch = join(data.directory.scratch, uid);
  mkdirSync(scratch, { recursive: true });
  return scratch;
}

describe('where no control process runs, a recording', () => {
  it('that never ran goes at once', async () => {
    await recorded('Pending', 'Delete');
    expect(await removeResource(data, recordingKey)).toBe('Removed');
    expect(await data.store.get('Recording', 'default', 'a')).toBeUndefined();
  });

  it('that has ended and keeps its files goes at once, and its scratch with it', async () => {
    const scratch = await recorded('Uploaded', 'Retain', 'Complete');
    expect(await removeResource(data, recordingKey)).toBe('Removed');
    expect(existsSync(scratch)).toBe(false);
  });

  it('whose files are to be deleted waits for control, and its storage with it', async () => {
    await recorded('Uploaded', 'Delete', 'Complete');
    expect(await removeResource(data, recordingKey)).toBe('Waiting');
    expect(await removeResource(data, storageKey)).toBe('Waiting');
    expect(await data.store.get('Recording', 'default', 'a')).toBeDefined();
  });

  it('that is not over waits for control', async () => {
    await recorded('Uploading', 'Retain', 'Open');
    expect(await removeResource(data, recordingKey)).toBe('Waiting');
  });

  it('that failed goes, and what it could not deliver stays on scratch', async () => {
    const scratch = await recorded('Failed', 'Retain', 'Open');
    expect(await removeResource(data, recordingKey)).toBe('Removed');
    expect(existsSync(scratch)).toBe(true);
  });
});
