import { setTimeout as sleep } from 'node:timers/promises';
import type { ResourceKey } from '@tapedeck/control';
import { TapedeckError } from '@tapedeck/core/error';
import { type CliExitCode, cliExitCodes } from '../cli-exit.ts';
import { takeInterrupts } from '../interrupt.ts';
import type { LocalManifest } from '../manifest/local-manifest.ts';
import { printPlaces } from '../output/output-places.ts';
import { copiesGivenUp, followedKeys, followRun, runExit } from '../progress/followed-run.ts';
import { applyFresh } from '../progress/fresh-start.ts';
import { isLeftForLater } from '../progress/progress-line.ts';
import { createProgressView } from '../progress/progress-view.ts';
import { parseStartLimit } from '../progress/start-limit.ts';
import type { ResourceClient } from '../resource-client.ts';
import type { Terminal } from '../terminal.ts';
import type { Cluster } from './cluster.ts';
import { applySecrets, type ClusterFileOptions, readClusterManifest } from './cluster-manifest.ts';

/** Between tries of a cluster that does not answer: a recording goes on meanwhile, so does whoever follows it. */
const patienceMs = 2_000;

/**
 * Applies files to a cluster and follows their Recordings and copies until they are over: 0 when all are complete, 1 when one
 * failed, else what says why one could not begin. The first Ctrl-C stops and completes them, the second leaves them to the
 * operator.
 */
export async function runOnCluster(
  cluster: Cluster,
  terminal: Terminal,
  options: ClusterFileOptions & { readonly wait?: string },
): Promise<CliExitCode> {
  const limit = await parseStartLimit(options.wait);
  return await runManifestOnCluster(cluster, terminal, await readClusterManifest(terminal, options), limit);
}

/** The same of what is read already. */
export async function runManifestOnCluster(
  cluster: Cluster,
  terminal: Terminal,
  manifest: LocalManifest,
  /** Seconds that a recording may wait to begin; absent: what suits the reason. */
  startLimit?: number,
): Promise<CliExitCode> {
  const keys = followedKeys(manifest, '"tapedeck apply" takes the rest');
  const view = await createProgressView(terminal);
  const interrupts = takeInterrupts();
  const { store } = cluster;
  try {
    await applySecrets(cluster, manifest, view.say);
    const remove = async (key: ResourceKey) => {
      await store.requestDeletion(key);
      return false;
    };
    await applyFresh({ store, view, remove }, manifest.resources, interrupts.first);
    const waiting = patient(store, view.say, interrupts.second);
    const followed = await followRun({ store: waiting, view, interrupts, keys, startLimit });
    const { last, copies } = followed;
    view.close();
    for (const each of [...last, ...copies]) printPlaces(terminal, each);
    if (interrupts.second.aborted) {
      terminal.say('Left to the cluster, which completes what is recorded: "tapedeck get rec" tells.');
      return cliExitCodes.Interrupted;
    }
    for (const each of last) {
      if (!isLeftForLater(each)) continue;
      terminal.say(
        `${each.metadata.name} is recorded, and not all of it is delivered: the operator delivers it when the storage takes it again.`,
      );
    }
    for (const { metadata } of copiesGivenUp(followed))
      terminal.say(`${metadata.name} is not copied: the operator does it once that is put right.`);
    return runExit(followed, keys, interrupts);
  } finally {
    view.close();
    interrupts.close();
  }
}

/** A store that waits for a cluster which does not answer, and says so once each time. */
function patient(store: ResourceClient, say: (text: string) => void, signal: AbortSignal): ResourceClient {
  async function outwait<T>(call: () => Promise<T>): Promise<T> {
    for (let told = false; ; ) {
      try {
        return await call();
      } catch (error) {
        const { code, message } = TapedeckError.from(error);
        if (code !== 'ClusterUnreachable' || signal.aborted) throw error;
        if (!told) say(`${message}. What is recorded goes on; so does this when it answers again.`);
        told = true;
        await sleep(patienceMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }
  return {
    ...store,
    get: (kind, namespace, name) => outwait(() => store.get(kind, namespace, name)),
    list: (kind, namespace) => outwait(() => store.list(kind, namespace)),
    setState: (namespace, name, state) => outwait(() => store.setState(namespace, name, state)),
  };
}
