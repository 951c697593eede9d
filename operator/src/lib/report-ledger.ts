import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { type Log, parseRunId, type ReportLedger } from '@tapedeck/control';
import { type RunReport, runReport, TapedeckError } from '@tapedeck/core';
import { isNotFound, type KubeApi, kubernetesObject, objectList } from '@tapedeck/kube-api';
import { z } from 'zod';
import { reportShape } from './report-shape.ts';

const compress = promisify(gzip);
const expand = promisify(gunzip);

const manager = 'tapedeck-ledger';
const selector = 'app.kubernetes.io/managed-by=tapedeck,app.kubernetes.io/component=reports';
const pageSize = 200;
/** What changes with every provisional part reaches etcd this often. */
const defaultReceiptSeconds = 10;

const configMap = kubernetesObject.extend({
  binaryData: z.record(z.string(), z.string()).default({}),
});

/** Reports of one recording. */
interface Kept {
  readonly reports: Map<string, RunReport>;
  /** Shapes that have reached the API server, by run. */
  readonly written: Map<string, string>;
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
 * Reports in ConfigMaps of the operator's own namespace, one a recording: no right in anybody else's namespace is needed,
 * and they outlive the Recording whose files a last run still completes. Whoever leads is the only one to write.
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
  const kept = new Map<string, Kept>();
  let closed = false;

  const create = (): Kept => ({
    reports: new Map(),
    written: new Map(),
    running: Promise.resolve(),
    waiting: undefined,
    timer: undefined,
  });

  async function write(uid: string, one: Kept): Promise<void> {
    const reports = [...one.reports.values()];
    const binaryData: Record<string, string> = {};
    for (const report of reports) {
      const number = parseRunId(report.id)?.number ?? 0;
      binaryData[`run-${number}`] = (await compress(JSON.stringify(report))).toString('base64');
    }
    const name = ledgerName(uid);
    const labels = Object.fromEntries(selector.split(',').map((pair) => pair.split('=')));
    await api.apply(`${collection}/${name}`, manager, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name, namespace, labels },
      binaryData,
    });
    for (const report of reports) one.written.set(report.id, reportShape(report));
  }

  /** Resolves once everything that is kept by now has been written; concurrent callers share a write. */
  function flush(uid: string, one: Kept): Promise<void> {
    clearTimeout(one.timer);
    one.timer = undefined;
    one.waiting ??= one.running
      .catch(() => undefined) // Its own callers hear of it; this write is another try.
      .then(() => {
        one.waiting = undefined;
        one.running = write(uid, one);
        return one.running;
      });
    return one.waiting;
  }

  function flushLater(uid: string, one: Kept): void {
    one.timer ??= setTimeout(() => {
      one.timer = undefined;
      if (closed || kept.get(uid) !== one) return;
      flush(uid, one).catch((error: unknown) => {
        log.warn('ReportNotKept', { recordingUid: uid, message: String(error) });
        flushLater(uid, one);
      });
    }, receiptMs);
  }

  let next: string | undefined;
  do {
    const more = next === undefined ? '' : `&continue=${encodeURIComponent(next)}`;
    const path = `${collection}?labelSelector=${encodeURIComponent(selector)}&limit=${pageSize}${more}`;
    const page = objectList.parse(await api.list(path, options.signal));
    for (const item of page.items) {
      const { metadata, binaryData } = configMap.parse(item);
      const one = create();
      for (const text of Object.values(binaryData)) {
        const report = await readReport(text);
        if (report === undefined) log.warn('ReportUnreadable', { configMap: metadata.name });
        else {
          one.reports.set(report.id, report);
          one.written.set(report.id, reportShape(report));
        }
      }
      kept.set(metadata.name.slice(ledgerName('').length), one);
    }
    next = page.metadata.continue === '' ? undefined : page.metadata.continue;
  } while (next !== undefined);

  return {
    uids: () => [...kept.keys()],

    async save(uid, report) {
      const one = kept.get(uid) ?? create();
      kept.set(uid, one);
      const old = one.reports.get(report.id);
      if (old !== undefined && old.sequence > report.sequence) return;
      one.reports.set(report.id, report);
      if (one.written.get(report.id) === reportShape(report)) {
        flushLater(uid, one);
        return;
      }
      try {
        await flush(uid, one);
      } catch (error) {
        flushLater(uid, one);
        throw TapedeckError.from(error);
      }
    },

    async load(uid) {
      const numberOf = ({ id }: RunReport) => parseRunId(id)?.number ?? 0;
      return [...(kept.get(uid)?.reports.values() ?? [])].sort((a, b) => numberOf(a) - numberOf(b));
    },

    async forget(uid) {
      const one = kept.get(uid);
      if (one === undefined) return;
      kept.delete(uid);
      clearTimeout(one.timer);
      await (one.waiting ?? one.running).catch(() => undefined); // It is removed whatever became of it.
      try {
        await api.call({ method: 'DELETE', path: `${collection}/${ledgerName(uid)}` });
      } catch (error) {
        if (!isNotFound(error)) throw TapedeckError.from(error);
      }
    },

    async close() {
      closed = true;
      const late = [...kept].filter(([, { timer }]) => timer !== undefined);
      await Promise.allSettled(late.map(([uid, one]) => flush(uid, one)));
      for (const { timer } of kept.values()) clearTimeout(timer);
    },
  };
}

function ledgerName(uid: string): string {
  return `reports-${uid}`;
}

async function readReport(text: string): Promise<RunReport | undefined> {
  try {
    const parsed = runReport.safeParse(
      JSON.parse((await expand(Buffer.from(text, 'base64'))).toString('utf8')),
    );
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined; // Somebody else's bytes: as good as none, and the caller says so.
  }
}
