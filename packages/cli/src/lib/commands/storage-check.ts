import type { CheckReport, ExternalStorage } from '@tapedeck/core';
import { TapedeckError } from '@tapedeck/core/error';
import { type CliExitCode, cliExitCodes } from '../cli-exit.ts';
import { takeInterrupts } from '../interrupt.ts';
import { nameOfKind } from '../kind-name.ts';
import { runCheck } from '../local/check-run.ts';
import { checkThroughControl } from '../local/control-client.ts';
import { controlSocketPath } from '../local/control-socket.ts';
import type { LocalData } from '../local/local-data.ts';
import { findRecorder } from '../local/recorder-command.ts';
import { completeStorage } from '../local/run-spec.ts';
import { createSecretCache, type SecretCache } from '../local/secret-cache.ts';
import { nextStep, renderCheck } from '../output/check-table.ts';
import { parseOutputFormat, renderDocument } from '../output/document.ts';
import { absentSecret, environmentSecret } from '../record/environment-secret.ts';
import type { Terminal } from '../terminal.ts';
import { readLocalManifest } from './apply.ts';

export interface StorageCheckOptions {
  readonly filename?: readonly string[];
  readonly namespace?: string;
  readonly output?: string;
}

interface Checked {
  readonly name: string;
  readonly report: CheckReport;
}

/** Tries storages by doing what a recording does there, and prints each step; 1 when one is not ready. */
export async function storageCheck(
  data: LocalData,
  terminal: Terminal,
  names: readonly string[],
  options: StorageCheckOptions,
): Promise<CliExitCode> {
  const format =
    options.output === undefined ? undefined : parseOutputFormat(options.output, ['json', 'yaml']);
  if ((options.filename === undefined) === (names.length === 0)) {
    throw new TapedeckError('InvalidManifest', 'storage check: name a storage, or -f FILE');
  }
  const interrupts = takeInterrupts();
  try {
    const checks =
      options.filename === undefined
        ? checkStored(data, names, options.namespace ?? 'default', interrupts.first)
        : checkFiles(data, terminal, { ...options, filename: options.filename }, interrupts.first);
    let ready = true;
    const files = options.filename?.map((file) => `-f ${file}`).join(' ');
    for await (const { name, report } of checks) {
      ready &&= report.ready;
      terminal.print(
        format === 'json' || format === 'yaml'
          ? await renderDocument(format, report)
          : renderCheck(name, report, terminal.colors),
      );
      const next = nextStep(report, files ?? name);
      if (next !== undefined) terminal.say(next);
    }
    return ready ? cliExitCodes.Done : cliExitCodes.Failed;
  } finally {
    interrupts.close();
  }
}

async function* checkFiles(
  data: LocalData,
  terminal: Terminal,
  options: StorageCheckOptions & { readonly filename: readonly string[] },
  signal: AbortSignal,
): AsyncGenerator<Checked> {
  const manifest = await readLocalManifest(terminal, options);
  const secrets = createSecretCache();
  secrets.put(manifest.secrets);
  const storages = manifest.resources.filter(({ key }) => key.kind === 'ExternalStorage');
  if (storages.length === 0)
    throw new TapedeckError('InvalidManifest', 'there is no ExternalStorage in it to check');
  for (const { key, manifest: wanted } of storages) {
    const spec = wanted.spec as ExternalStorage['spec'];
    yield { name: key.name, report: await check(data, { ...key, spec }, secrets, signal) };
  }
}

async function* checkStored(
  data: LocalData,
  names: readonly string[],
  namespace: string,
  signal: AbortSignal,
): AsyncGenerator<Checked> {
  for (const word of names) {
    const name = nameOfKind('ExternalStorage', word);
    const storage = await data.store.get('ExternalStorage', namespace, name);
    if (storage === undefined) {
      throw new TapedeckError(
        'NotFound',
        `there is no ExternalStorage ${name} in namespace ${namespace}; "tapedeck storage check -f FILE" takes it from a file`,
      );
    }
    yield { name, report: await checkOne(data, storage, { namespace, name, spec: storage.spec }, signal) };
  }
}

interface Target {
  readonly namespace: string;
  readonly name: string;
  readonly spec: ExternalStorage['spec'];
}

/** Its Secret, if any, is known to the control process alone: that one has to do the check. */
async function checkOne(
  data: LocalData,
  storage: ExternalStorage,
  target: Target,
  signal: AbortSignal,
): Promise<CheckReport> {
  const secret = target.spec.credentials?.secretRef?.name;
  if (secret === undefined) {
    return await check(data, target, createSecretCache(), signal);
  }
  try {
    return await checkThroughControl(controlSocketPath(data.directory.root), target, signal);
  } catch (error) {
    // Nobody controls, or who does was not told the Secret: there is nothing else that it looks for.
    if (TapedeckError.from(error).code !== 'NotFound') throw error;
    const secrets = environmentSecret(storage);
    if (secrets !== undefined) return await check(data, target, secrets, signal);
    throw absentSecret(storage, secret, { command: 'storage check', cause: error });
  }
}

async function check(
  data: LocalData,
  target: Target,
  secrets: Pick<SecretCache, 'get'>,
  signal: AbortSignal,
): Promise<CheckReport> {
  const storage = completeStorage({ name: target.name, spec: target.spec }, target.namespace, secrets);
  return await runCheck(
    findRecorder(),
    data.directory.root,
    { version: 1, id: `cli-${process.pid}`, storage },
    signal,
  );
}
