import type { RunReport } from '@tapedeck/core';
import { ApiError, type KubeApi } from '@tapedeck/kube-api';
import { expect, it } from 'vitest';
import { openReportLedger } from './report-ledger.ts';

const uid = 'c2a1f4de-0d6a-4d0c-9f0e-6d4b1f5a7e21';
const maps = '/api/v1/namespaces/operator/configmaps';

const report = (run: number): RunReport => ({
  id: `${uid}-${run}`,
  version: 1,
  sequence: 1,
  time: '2026-01-01T00:00:00Z',
  state: 'Recording',
  progress: { durationSeconds: 0, bytesRecorded: 0, bytesUploaded: 0, lagSeconds: 0, bitrate: 0 },
  files: [],
  gaps: [],
  pauses: [],
  notices: [],
});

/** A server that keeps what is applied, and answers the next DELETEs of a path with those errors. */
function createServer() {
  const kept = new Set<string>();
  /** Called as a DELETE is answered. */
  const hooks: { removed?: () => void } = {};
  const errors = new Map<string, ApiError[]>();
  const unasked = () => Promise.reject(new Error('not asked for'));
  const api: KubeApi = {
    async call({ path }) {
      await Promise.resolve();
      const error = errors.get(path)?.shift();
      if (error !== undefined) throw error;
      if (!kept.delete(path)) throw new ApiError(404, 'NotFound', 'not found');
      hooks.removed?.();
      return {};
    },
    async apply(path) {
      await Promise.resolve();
      kept.add(path);
      return {};
    },
    list: () => Promise.resolve({ resourceVersion: '1' }),
    watch: unasked,
  };
  return { api, kept, errors, hooks };
}

async function open(api: KubeApi) {
  const log = { info: () => undefined, warn: () => undefined };
  const { signal } = new AbortController();
  return await openReportLedger({ api, namespace: 'operator', log, signal });
}

it('keeps what it could not remove, so that the next try removes it', async () => {
  const { api, kept, errors } = createServer();
  const ledger = await open(api);
  for (const run of [1, 2, 3]) await ledger.save(uid, report(run));
  errors.set(`${maps}/reports-${uid}-2`, [new ApiError(0, 'Unreachable', 'ECONNRESET')]);
  await expect(ledger.forget(uid)).rejects.toThrow('ECONNRESET');
  expect((await ledger.load(uid)).map(({ id }) => id)).toEqual([`${uid}-2`, `${uid}-3`]);
  expect(ledger.uids()).toEqual([uid]);
  await ledger.forget(uid);
  expect([...kept]).toEqual([]);
  expect(ledger.uids()).toEqual([]);
});

it('takes one that is gone for removed', async () => {
  const { api, kept } = createServer();
  const ledger = await open(api);
  for (const run of [1, 2]) await ledger.save(uid, report(run));
  kept.delete(`${maps}/reports-${uid}-1`);
  await ledger.forget(uid);
  expect([...kept]).toEqual([]);
  expect(ledger.uids()).toEqual([]);
});

it('writes what is reported after a removal of which nobody knows whether it came through', async () => {
  const { api, kept, errors } = createServer();
  const ledger = await open(api);
  await ledger.save(uid, report(1));
  const path = `${maps}/reports-${uid}-1`;
  errors.set(path, [new ApiError(0, 'Unreachable', 'ECONNRESET')]);
  await expect(ledger.forget(uid)).rejects.toThrow('ECONNRESET');
  kept.delete(path);
  await ledger.save(uid, { ...report(1), sequence: 2 });
  expect([...kept]).toEqual([path]);
});

it('leaves nothing of a report that comes in while it is removed', async () => {
  const { api, kept, hooks } = createServer();
  const ledger = await open(api);
  await ledger.save(uid, report(1));
  let late: Promise<void> | undefined;
  hooks.removed = () => {
    late ??= ledger.save(uid, { ...report(1), sequence: 2, state: 'Uploading' });
  };
  await ledger.forget(uid);
  await late;
  expect([...kept]).toEqual([]);
  expect(ledger.uids()).toEqual([]);
});
