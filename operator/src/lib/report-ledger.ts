import { type Log, parseRunId, type ReportLedger } from '@tapedeck/control';
import { type RunReport, TapedeckError } from '@tapedeck/core';
import { isNotFound, type KubeApi, kubernetesObject, listObjects } from '@tapedeck/kube-api';
import { z } from 'zod';
import { packReport, unpackReport } from './packed-report.ts';
import { reportShape } from './report-shape.ts';

const manager = 'tapedeck-ledger';
const selector = 'app.kubernetes.io/managed-by=tapedeck,app.kubernetes.io/component=reports';
/** What changes with every provisional part reaches etcd this often. */
const defaultReceiptSeconds = 10;

const configMap = kubernetesObject.extend({
  binaryData: z.record(z.string(), z.string()).default({}),
});

/** What is kept of one run. */
interface Kept {
  /** Packed while it is only kept: a recording that has ended is hardly ever asked for, and there are many of them. */
  report: RunReport | string | undefined;
  /** The shape that has reached the API server; undefined where it is not known. */
  written: string | undefined;
  /** A write that is under way, and one that begins after it and takes in what is there by then. */
  running: Promise<void>;
  waiting: Promise<void> | undefined;
  timer: NodeJS.Timeout | undefined;
}

export interface KubeReportLedger extends ReportLedger {
  /** Uids of the recordings of which there are reports. */
  uids(): readonly string[];
  /** Writes what waits for its time, and stops. Idempotent. */
  close(): Promise<void>;
}

/**
 * Reports in ConfigMaps of the operator's own namespace, one a run: no right in anybody else's namespace is needed, and
 * they outlive the Recording whose files a last run still completes. Whoever leads is the only one to write.
 */
export async function openReportLedger(options: {
  readonly api: KubeApi;
  readonly namespace: string;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly receiptSeconds?: number;
}): Promise<KubeReportLedger> {
  const { api, namespace, log } = options;
  const receiptMs = (options.receiptSeconds ?? defaultReceiptSeconds) * 1000;
  const collection = `/api/v1/namespaces/${namespace}/configmaps`;
  /** By recording and run. */
  const kept = new Map<string, Map<string, Kept>>();
  let closed = false;

  function keptOf(uid: string, run: string): Kept {
    const runs = kept.get(uid) ?? new Map<string, Kept>();
    kept.set(uid, runs);
    const one = runs.get(run) ?? {
      report: undefined,
      written: undefined,
      running: Promise.resolve(),
      waiting: undefined,
      timer: undefined,
    };
    runs.set(run, one);
    return one;
  }

  async function write(run: string, one: Kept): Promise<void> {
    const { report } = one;
    if (report === undefined || typeof report === 'string') return;
    const name = ledgerName(run);
    const labels = Object.fromEntries(selector.split(',').map((pair) => pair.split('=')));
    const packed = await packReport(report);
    await api.apply(`${collection}/${name}`, manager, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace, labels },
      binaryData: { report: packed },
    });
    one.written = reportShape(report);
    // Its last one.
    if (report.result !== undefined && one.report === report) one.report = packed;
  }

  function stopTimer(one: Kept): void {
    clearTimeout(one.timer);
    one.timer = undefined;
  }

  /** Resolves once what is kept by now has been written; concurrent callers share a write. */
  function flush(run: string, one: Kept): Promise<void> {
    stopTimer(one);
    one.waiting ??= one.running
      .catch(() => undefined) // Its own callers hear of it; this write is another try.
      .then(() => {
        one.waiting = undefined;
        one.running = write(run, one);
        return one.running;
      });
    return one.waiting;
  }

  function flushLater(uid: string, run: string, one: Kept): void {
    one.timer ??= setTimeout(() => {
      one.timer = undefined;
      if (closed || kept.get(uid)?.get(run) !== one) return;
      flush(run, one).catch((error: unknown) => {
        log.warn('ReportNotKept', { recordingUid: uid, message: String(error) });
        flushLater(uid, run, one);
      });
    }, receiptMs);
  }

  /** Resolves once nothing of it is there, not even of a report that came in meanwhile. */
  async function remove(run: string, one: Kept): Promise<void> {
    let report: Kept['report'];
    do {
      report = one.report;
      stopTimer(one);
      await (one.waiting ?? one.running).catch(() => undefined); // It is removed whatever became of it.
      // A write that failed would be tried again.
      stopTimer(one);
      one.written = undefined;
      try {
        await api.call({ method: 'DELETE', path: `${collection}/${ledgerName(run)}` });
      } catch (error) {
        if (!isNotFound(error)) throw TapedeckError.from(error);
      }
    } while (one.report !== report);
  }

  async function read(run: string, { report }: Kept): Promise<RunReport | undefined> {
    if (typeof report !== 'string') return report;
    const unpacked = await unpackReport(report);
    if (unpacked === undefined) log.warn('ReportUnreadable', { configMap: ledgerName(run) });
    return unpacked;
  }

  await listObjects({
    api,
    path: collection,
    params: { labelSelector: selector },
    onBegin: () => kept.clear(),
    onItem(item) {
      const { metadata, binaryData } = configMap.parse(item);
      const run = metadata.name.slice(ledgerName('').length);
      const uid = parseRunId(run)?.uid;
      if (uid === undefined) log.warn('ReportUnreadable', { configMap: metadata.name });
      else keptOf(uid, run).report = binaryData.report;
    },
    signal: options.signal,
  });

  return {
    uids: () => [...kept.keys()],

    async save(uid, report) {
      const run = report.id;
      const one = keptOf(uid, run);
      const packed = one.report;
      if (typeof packed === 'string') {
        const before = await read(run, one);
        // Unless another call was quicker.
        if (one.report === packed) {
          one.report = before;
          one.written ??= before === undefined ? undefined : reportShape(before);
        }
      }
      const old = one.report;
      if (typeof old === 'object' && old.sequence > report.sequence) return;
      one.report = report;
      if (one.written === reportShape(report)) {
        flushLater(uid, run, one);
        return;
      }
      try {
        await flush(run, one);
      } catch (error) {
        flushLater(uid, run, one);
        throw TapedeckError.from(error);
      }
    },

    async load(uid) {
      const runs = [...(kept.get(uid) ?? [])];
      const reports = await Promise.all(runs.map(([run, one]) => read(run, one)));
      const numberOf = ({ id }: RunReport) => parseRunId(id)?.number ?? 0;
      return reports.filter((report) => report !== undefined).sort((a, b) => numberOf(a) - numberOf(b));
    },

    async forget(uid) {
      const runs = kept.get(uid) ?? new Map<string, Kept>();
      for (const [run, one] of [...runs]) {
        await remove(run, one);
        // Not before: whoever tries again is to find what is still there.
        runs.delete(run);
        if (kept.get(uid)?.size === 0) kept.delete(uid);
      }
    },

    async close() {
      closed = true;
      const all = [...kept.values()].flatMap((runs) => [...runs]);
      const late = all.filter(([, { timer }]) => timer !== undefined);
      await Promise.allSettled(late.map(([run, one]) => flush(run, one)));
      for (const [, { timer }] of all) clearTimeout(timer);
    },
  };
}

function ledgerName(run: string): string {
  return `reports-${run}`;
}
