import { setTimeout as sleep } from 'node:timers/promises';
import { parseDuration } from '@tapedeck/core';
import { TapedeckError } from '@tapedeck/core/error';
import { type CliExitCode, cliExitCodes } from '../cli-exit.ts';
import { printFindings } from '../output/finding.ts';
import type { Terminal } from '../terminal.ts';
import type { Cluster } from './cluster.ts';
import { lookBefore, lookInside } from './cluster-findings.ts';

const lookMs = 1_000;

export interface ClusterDoctorOptions {
  readonly namespace?: string;
  /** Before the chart is installed: what it needs. */
  readonly pre?: boolean;
  /** As typed: `2m`. Looks until all is well, or until then. */
  readonly wait?: string;
}

/** Looks at what recording needs of a cluster. Ends with 1 where something is missing, with 5 when waiting did not help. */
export async function clusterDoctor(
  cluster: Cluster,
  terminal: Terminal,
  { namespace = 'default', pre, wait }: ClusterDoctorOptions,
  signal: () => AbortSignal,
): Promise<CliExitCode> {
  if (pre === true && wait !== undefined) {
    throw new TapedeckError('InvalidManifest', 'doctor: --pre looks once; --wait is for what is installed');
  }
  const deadline = performance.now() + (wait === undefined ? 0 : parseDuration(wait) * 1_000);
  const stop = wait === undefined ? undefined : signal();
  for (;;) {
    const findings = await (pre === true ? lookBefore(cluster) : lookInside(cluster, namespace));
    const isWell = findings.every(({ passed }) => passed !== false);
    if (isWell || performance.now() >= deadline || stop?.aborted === true) {
      printFindings(terminal, findings);
      if (isWell) return cliExitCodes.Done;
      if (stop?.aborted === true) return cliExitCodes.Interrupted;
      return wait === undefined ? cliExitCodes.Failed : cliExitCodes.TimedOut;
    }
    await sleep(lookMs, undefined, { signal: stop }).catch(() => undefined);
  }
}
