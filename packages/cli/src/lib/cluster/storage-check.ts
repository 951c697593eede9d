import { randomUUID } from 'node:crypto';
import { type CheckReport, type ExternalStorage, parseDuration } from '@tapedeck/core';
import { TapedeckError } from '@tapedeck/core/error';
import { type CliExitCode, cliExitCodes } from '../cli-exit.ts';
import { takeInterrupts } from '../interrupt.ts';
import { nameOfKind } from '../kind-name.ts';
import { checkAnnotation } from '../local/storage-recheck.ts';
import { nextStep, renderCheck } from '../output/check-table.ts';
import { parseOutputFormat, renderDocument } from '../output/document.ts';
import type { Terminal } from '../terminal.ts';
import type { Cluster } from './cluster.ts';

/** The operator's own limit of a check is 240 s, its pod's start included. */
const answerTimeoutMs = 300_000;

export interface ClusterCheckOptions {
  readonly filename?: readonly string[];
  readonly namespace?: string;
  readonly output?: string;
}

/** Asks the operator to check storages and prints what each status then says; 1 when one is not ready. */
export async function checkOnCluster(
  cluster: Cluster,
  terminal: Terminal,
  names: readonly string[],
  options: ClusterCheckOptions,
): Promise<CliExitCode> {
  const format =
    options.output === undefined ? undefined : parseOutputFormat(options.output, ['json', 'yaml']);
  if (options.filename !== undefined) {
    throw new TapedeckError(
      'NotSupported',
      'storage check: on a cluster a storage is checked where its pods run; apply the file, then check it by name',
    );
  }
  if (names.length === 0) throw new TapedeckError('InvalidManifest', 'storage check: name a storage');
  const interrupts = takeInterrupts();
  try {
    let ready = true;
    for (const word of names) {
      const name = nameOfKind('ExternalStorage', word);
      const report = await check(cluster, options.namespace ?? 'default', name, interrupts.first);
      ready &&= report.ready;
      terminal.print(
        format === 'json' || format === 'yaml'
          ? await renderDocument(format, report)
          : renderCheck(name, report, terminal.colors),
      );
      const next = nextStep(report, name);
      if (next !== undefined) terminal.say(next);
    }
    return ready ? cliExitCodes.Done : cliExitCodes.Failed;
  } finally {
    interrupts.close();
  }
}

async function check(
  { store }: Cluster,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<CheckReport> {
  const key = { kind: 'ExternalStorage', namespace, name } as const;
  if ((await store.get('ExternalStorage', namespace, name)) === undefined) {
    throw new TapedeckError('NotFound', `there is no ExternalStorage ${name} in namespace ${namespace}`);
  }
  const request = randomUUID();
  await store.annotate(key, { [checkAnnotation]: request });
  const limit = AbortSignal.timeout(answerTimeoutMs);
  const over = new AbortController();
  const end = AbortSignal.any([signal, limit, over.signal]);
  try {
    return await new Promise<CheckReport>((resolve, reject) => {
      const giveUp = () => reject(gaveUp(name, signal));
      end.addEventListener('abort', giveUp, { once: true });
      // Ctrl-C while the request was written: nothing would fire any more.
      if (end.aborted) giveUp();
      const look = async () => {
        const found = await store.get('ExternalStorage', namespace, name);
        const report = found === undefined ? undefined : reportOf(found, request);
        if (report !== undefined) resolve(report);
      };
      store.watch(
        (changed) => {
          if (changed.name === name && changed.namespace === namespace) look().catch(reject);
        },
        end,
        { ...key, onRefused: reject },
      );
    });
  } finally {
    over.abort();
  }
}

/** Nothing was proven. */
const noCapabilities = {
  multipart: false,
  rewriteFirstPart: false,
  read: false,
  list: false,
  delete: false,
  signUrls: false,
};

/** The answer to that request, as a status has it. */
function reportOf({ status }: ExternalStorage, request: string): CheckReport | undefined {
  const last = status?.lastCheck;
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  if (last?.request !== request || ready === undefined) return undefined;
  return {
    version: 1,
    id: request,
    time: last.time,
    ready: ready.status === 'True',
    reason: ready.reason,
    message: ready.message,
    durationSeconds: parseDuration(last.duration),
    steps: last.steps.map(({ name, passed, duration, message }) => ({
      name,
      passed,
      // A status does not tell; where the storage is ready, what did not work is not needed.
      required: ready.status !== 'True',
      durationSeconds: parseDuration(duration),
      message,
    })),
    capabilities: status?.capabilities ?? noCapabilities,
    ...(status?.endpoint !== undefined && { endpoint: status.endpoint }),
  };
}

function gaveUp(name: string, signal: AbortSignal): TapedeckError {
  if (signal.aborted) return new TapedeckError('Aborted', `the check of storage ${name} was given up`);
  return new TapedeckError(
    'StorageTimeout',
    `no check of storage ${name} within ${answerTimeoutMs / 1000} s: is the operator there? "tapedeck doctor" tells`,
  );
}
