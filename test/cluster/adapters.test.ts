import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunReport } from '@tapedeck/core';
import { type KubeApi, openKubeApi } from '@tapedeck/kube-api';
import { createEventRecorder, leadWith, openReportLedger } from '@tapedeck/operator';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type ApiServer, startApiServer } from './api-server.ts';
import { findKubernetes } from './kubernetes.ts';

const hookTimeoutMs = 25 * 60_000;
const soon = { timeout: 20_000, interval: 50 };
const namespace = 'default';
const silent = { info: () => undefined, warn: () => undefined };
const timing = { duration: 4, renewDeadline: 3, retry: 0.2 };
const bin = await findKubernetes();

describe.skipIf(bin === undefined)('on a real API server', () => {
  let server: ApiServer;
  let api: KubeApi;
  beforeAll(async () => {
    server = await startApiServer();
    api = openKubeApi(await readFile(server.kubeconfig, 'utf8'));
  }, hookTimeoutMs);
  afterAll(async () => {
    await server?.stop();
  });

  /** Somebody who wants to lead. `fail` cuts it off from the API server, as a network does. */
  function contend(name: string, identity: string) {
    const stop = new AbortController();
    let leads = false;
    let cut = false;
    const own: KubeApi = {
      ...api,
      call: (call) => (cut ? Promise.reject(new Error('cut off')) : api.call(call)),
    };
    const done = leadWith(
      { api: own, namespace, name, identity, log: silent, timing },
      async (signal) => {
        leads = true;
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        leads = false;
      },
      stop.signal,
    );
    return {
      done,
      get leads() {
        return leads;
      },
      fail: () => {
        cut = true;
      },
      stop: async () => {
        stop.abort();
        return await done;
      },
    };
  }

  it('one leads at a time, and gives the lease back when it ends', async () => {
    const first = contend('given-back', 'first');
    await vi.waitFor(() => expect(first.leads).toBe(true), soon);
    const second = contend('given-back', 'second');
    await sleep(1000);
    expect(second.leads).toBe(false);
    expect(await first.stop()).toBe('Ended');
    const begun = performance.now();
    await vi.waitFor(() => expect(second.leads).toBe(true), soon);
    // Without waiting for it to run out.
    expect(performance.now() - begun).toBeLessThan(timing.duration * 1000);
    await second.stop();
  }, 60_000);

  it('who is cut off stops leading before anybody else begins', async () => {
    const first = contend('cut-off', 'first');
    await vi.waitFor(() => expect(first.leads).toBe(true), soon);
    const second = contend('cut-off', 'second');
    first.fail();
    const both = setInterval(() => {
      if (first.leads && second.leads) throw new Error('two lead');
    }, 5);
    try {
      expect(await first.done).toBe('Lost');
      await vi.waitFor(() => expect(second.leads).toBe(true), soon);
    } finally {
      clearInterval(both);
    }
    await second.stop();
  }, 60_000);

  const uid = '6f1c2a4e-0000-4000-8000-000000000001';
  const report = (run: number, sequence: number, parts: readonly string[]): RunReport => ({
    version: 1,
    id: `${uid}-${run}`,
    sequence,
    time: '2026-11-21T09:00:00Z',
    state: 'Recording',
    progress: { durationSeconds: 0, bytesRecorded: sequence, bytesUploaded: 0, lagSeconds: 0, bitrate: 0 },
    files: [
      {
        segment: 1,
        attempt: run,
        key: 'a',
        storage: 'team',
        state: 'Open',
        bytes: 1,
        durationSeconds: 1,
        journal: {
          version: 1,
          storage: 'team',
          key: 'a',
          contentType: 'video/mp4',
          token: { upload: 'x' },
          parts: parts.map((etag, index) => ({ number: index + 1, offset: 0, size: 1, receipt: { etag } })),
        },
      },
    ],
    gaps: [],
    pauses: [],
    notices: [],
  });
  const open = async (receiptSeconds = 60) =>
    await openReportLedger({
      api,
      namespace,
      log: silent,
      signal: new AbortController().signal,
      receiptSeconds,
    });

  it('reports outlive the process that took them, the newest of each run, in order', async () => {
    const ledger = await open();
    await ledger.save(uid, report(2, 1, ['a']));
    await ledger.save(uid, report(1, 7, ['a', 'b']));
    await ledger.save(uid, report(1, 3, ['a']));
    // Nothing was closed: the process was killed.
    const next = await open();
    expect((await next.load(uid)).map(({ id, sequence }) => [id, sequence])).toEqual([
      [`${uid}-1`, 7],
      [`${uid}-2`, 1],
    ]);
    expect(next.uids()).toEqual([uid]);
    await next.forget(uid);
    expect(await next.load(uid)).toEqual([]);
    expect((await open()).uids()).toEqual([]);
  });

  it('a part that was only put again is kept at once and written later', async () => {
    const ledger = await open(1);
    await ledger.save(uid, report(1, 1, ['a']));
    const written = async () => (await (await open()).load(uid))[0]?.sequence;
    await ledger.save(uid, report(1, 2, ['b']));
    expect(await written()).toBe(1);
    expect((await ledger.load(uid))[0]?.sequence).toBe(2);
    await vi.waitFor(async () => expect(await written()).toBe(2), soon);
    await ledger.save(uid, report(1, 3, ['c']));
    await ledger.close();
    expect(await written()).toBe(3);
    await ledger.forget(uid);
  });

  it('a report that cannot be written is not said to be kept', async () => {
    const ledger = await open();
    await ledger.save(uid, report(1, 1, ['a']));
    await server.kill();
    await expect(ledger.save(uid, report(1, 2, ['a', 'b']))).rejects.toThrow();
    await server.start();
    await ledger.save(uid, report(1, 3, ['a', 'b']));
    await ledger.close();
    expect((await (await open()).load(uid))[0]?.sequence).toBe(3);
  }, 120_000);

  it('the same event again is one event with a count', async () => {
    const events = createEventRecorder({ api, instance: 'test', log: silent });
    const about = { kind: 'Recording' as const, namespace, name: 'physics', uid };
    for (let times = 0; times < 3; times += 1) {
      events.record(about, { type: 'Warning', reason: 'StorageNotReady', message: 'It waits.' });
    }
    events.record(about, { type: 'Normal', reason: 'Recording', message: 'It records.' });
    await events.drain();
    const { stdout } = await server.kubectl(['get', 'events', '-o', 'json']);
    const { items } = JSON.parse(stdout) as { items: { reason: string; count: number; type: string }[] };
    expect(items.map(({ reason, count, type }) => [reason, count, type]).sort()).toEqual([
      ['Recording', 1, 'Normal'],
      ['StorageNotReady', 3, 'Warning'],
    ]);
  });
});
