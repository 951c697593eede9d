import { setTimeout as delay } from 'node:timers/promises';
import { TapedeckError } from '@tapedeck/core/error';
import { type CliExitCode, cliExitCodes } from '../cli-exit.ts';
import { resourceName } from '../kind-name.ts';
import { handOverAttempts, handOverPauseMs, handOverSecrets } from '../local/control-client.ts';
import { controlSocketPath } from '../local/control-socket.ts';
import { isLed } from '../local/leadership.ts';
import type { LocalData } from '../local/local-data.ts';
import { type LocalManifest, toLocalManifest } from '../manifest/local-manifest.ts';
import { readManifests } from '../manifest/manifest-file.ts';
import type { Terminal } from '../terminal.ts';

export interface ApplyOptions {
  readonly filename: readonly string[];
  readonly namespace?: string;
}

/** Writes what the files say; a control process does the rest. */
export async function apply(
  data: LocalData,
  terminal: Terminal,
  options: ApplyOptions,
): Promise<CliExitCode> {
  const manifest = await readLocalManifest(terminal, options);
  const handedOver = await tryHandOver(data, manifest);
  const outcomes = await data.store.apply(manifest.resources);
  for (const [index, { key }] of manifest.resources.entries()) {
    terminal.print(`${resourceName(key.kind, key.name)} ${outcomes[index]}`);
  }
  if (!handedOver) {
    for (const { name } of manifest.secrets) {
      terminal.say(
        terminal.tones.yellow(
          `secret/${name} is not kept: Secrets live in memory, and no control process runs. Start "tapedeck dev" and apply again.`,
        ),
      );
    }
    if (manifest.resources.some(({ key }) => key.kind === 'Recording')) {
      terminal.say('Nothing runs recordings here now: "tapedeck dev" does, or "tapedeck run -f FILE".');
    }
  }
  return cliExitCodes.Done;
}

export async function readLocalManifest(terminal: Terminal, options: ApplyOptions): Promise<LocalManifest> {
  const all = await readManifests(options.filename, terminal.stdin);
  return toLocalManifest(all, { namespace: options.namespace, cwd: process.cwd() });
}

/** False when nobody controls. Who does so only just is waited for: a Secret that comes too early would be lost. */
async function tryHandOver(data: LocalData, manifest: LocalManifest): Promise<boolean> {
  const { root, leaderLock } = data.directory;
  for (let attempt = 1; ; attempt += 1) {
    try {
      await handOverSecrets(controlSocketPath(root), manifest.secrets);
      return true;
    } catch (error) {
      if (TapedeckError.from(error).code !== 'NotFound') throw error;
      if (attempt === handOverAttempts || !isLed(leaderLock)) return false;
      await delay(handOverPauseMs);
    }
  }
}
