import { randomUUID } from 'node:crypto';
import {
  type ExternalStorage,
  type LinkReport,
  type LinkSpec,
  maxLinkSeconds,
  parseDuration,
  type Recording,
  type RecordingOutput,
} from '@tapedeck/core';
import { errorKinds, TapedeckError } from '@tapedeck/core/error';
import { type CliExitCode, cliExitCodes } from '../cli-exit.ts';
import { takeInterrupts } from '../interrupt.ts';
import { nameOfKind } from '../kind-name.ts';
import { linkThroughControl } from '../local/control-client.ts';
import { controlSocketPath } from '../local/control-socket.ts';
import { runLink } from '../local/link-run.ts';
import type { LocalData } from '../local/local-data.ts';
import { findRecorder } from '../local/recorder-command.ts';
import { completeStorage } from '../local/run-spec.ts';
import { createSecretCache, type SecretCache } from '../local/secret-cache.ts';
import { parseOutputFormat, renderDocument } from '../output/document.ts';
import { listLinks } from '../output/link-list.ts';
import { phaseOf } from '../progress/progress-line.ts';
import { absentSecret, environmentSecret } from '../record/environment-secret.ts';
import type { ResourceClient } from '../resource-client.ts';
import type { Terminal } from '../terminal.ts';
import { readLocalManifest } from './apply.ts';

export interface LinkOptions {
  /** As typed: `1h`. */
  readonly expires?: string;
  /** For the storage and its Secret, where no control process knows it. */
  readonly filename?: readonly string[];
  readonly namespace?: string;
  readonly output?: string;
}

type Wanted = Pick<LinkSpec, 'keys' | 'expiresInSeconds'>;

/** Prints a download link for each finished file of a recording. Whoever has one has the file: they go to stdout alone. */
export async function link(
  data: LocalData,
  terminal: Terminal,
  word: string,
  options: LinkOptions,
): Promise<CliExitCode> {
  const namespace = options.namespace ?? 'default';
  let given: Promise<Given | undefined> | undefined;
  return await printLinks(data.store, terminal, word, options, async (name, wanted, signal) => {
    given ??= readGiven(terminal, options);
    return await makeLinks(data, await findTarget(data, namespace, name, await given), wanted, signal);
  });
}

/** Makes links to objects of one storage. */
export type LinkMaker = (storage: string, wanted: Wanted, signal: AbortSignal) => Promise<LinkReport>;

/** Finds the finished files of a recording, has links made storage by storage, and prints them in the files' order. */
export async function printLinks(
  store: Pick<ResourceClient, 'get'>,
  terminal: Terminal,
  word: string,
  options: LinkOptions,
  make: LinkMaker,
): Promise<CliExitCode> {
  const format =
    options.output === undefined ? undefined : parseOutputFormat(options.output, ['json', 'yaml']);
  const expiresInSeconds = parseExpires(options.expires ?? '1h');
  const recording = await findRecording(store, options.namespace ?? 'default', word);
  const outputs = finishedOutputs(recording, terminal);
  const interrupts = takeInterrupts();
  try {
    const reports = new Map<string, LinkReport>();
    for (const [name, keys] of keysByStorage(outputs)) {
      reports.set(name, made(await make(name, { keys, expiresInSeconds }, interrupts.first)));
    }
    const links = listLinks(outputs, new Map([...reports].map(([name, report]) => [name, report.links])));
    if (format === undefined) for (const { url } of links) terminal.print(url);
    else terminal.print(await renderDocument(format === 'json' ? 'json' : 'yaml', links));
    for (const note of new Set([...reports.values()].flatMap(({ notes }) => notes))) terminal.say(note);
    const expires = links.find((each) => each.expires !== undefined)?.expires;
    if (expires !== undefined) terminal.say(`Whoever has a link has the file, until ${expires}.`);
    return cliExitCodes.Done;
  } finally {
    interrupts.close();
  }
}

function parseExpires(text: string): number {
  const seconds = Math.floor(parseDuration(text));
  if (seconds >= 1 && seconds <= maxLinkSeconds) return seconds;
  throw new TapedeckError(
    'InvalidManifest',
    `--expires ${text}: a signed link counts for 1s to ${maxLinkSeconds / 3600}h (seven days), which is all that the services sign for`,
  );
}

async function findRecording(
  store: Pick<ResourceClient, 'get'>,
  namespace: string,
  word: string,
): Promise<Recording> {
  const name = nameOfKind('Recording', word);
  const recording = await store.get('Recording', namespace, name);
  if (recording !== undefined) return recording;
  throw new TapedeckError('NotFound', `there is no Recording ${name} in namespace ${namespace}`);
}

/** The files that are there; says so where more are to come. */
function finishedOutputs(recording: Recording, terminal: Terminal): readonly RecordingOutput[] {
  const { name } = recording.metadata;
  const outputs = recording.status?.outputs ?? [];
  const phase = phaseOf(recording);
  if (outputs.length === 0) {
    const next = phase === 'Failed' ? '' : '; links are there once a file is Uploaded';
    throw new TapedeckError('NotFound', `Recording ${name} has no finished file (it is ${phase})${next}`);
  }
  if (phase !== 'Uploaded')
    terminal.say(`Recording ${name} is ${phase}: these are the files that are finished.`);
  return outputs;
}

function keysByStorage(outputs: readonly RecordingOutput[]): ReadonlyMap<string, string[]> {
  const keys = new Map<string, string[]>();
  for (const { storage, key } of outputs) keys.set(storage, [...(keys.get(storage) ?? []), key]);
  return keys;
}

interface Given {
  readonly storages: ReadonlyMap<string, ExternalStorage['spec']>;
  readonly secrets: SecretCache;
}

/** What `-f` brings along. */
async function readGiven(terminal: Terminal, options: LinkOptions): Promise<Given | undefined> {
  if (options.filename === undefined) return undefined;
  const manifest = await readLocalManifest(terminal, { ...options, filename: options.filename });
  const secrets = createSecretCache();
  secrets.put(manifest.secrets);
  const storages = manifest.resources
    .filter(({ key }) => key.kind === 'ExternalStorage')
    .map(({ key, manifest: { spec } }) => [key.name, spec as ExternalStorage['spec']] as const);
  return { storages: new Map(storages), secrets };
}

interface Target {
  readonly namespace: string;
  readonly name: string;
  readonly spec: ExternalStorage['spec'];
  /** Of the file, where there is one. */
  readonly secrets: SecretCache | undefined;
  /** As it is here; absent where the file alone has it. */
  readonly stored: ExternalStorage | undefined;
}

async function findTarget(
  data: LocalData,
  namespace: string,
  name: string,
  given: Given | undefined,
): Promise<Target> {
  const stored = await data.store.get('ExternalStorage', namespace, name);
  const spec = given?.storages.get(name) ?? stored?.spec;
  if (spec !== undefined) return { namespace, name, spec, secrets: given?.secrets, stored };
  throw new TapedeckError(
    'NotFound',
    `the ExternalStorage ${name} that holds the file is not here any more; apply it again, or give its file with -f`,
  );
}

/** The Secret, if any, is in the file or known to the control process alone: then that one has to make them. */
async function makeLinks(
  data: LocalData,
  target: Target,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<LinkReport> {
  const { spec, secrets } = target;
  const secret = spec.credentials?.secretRef?.name;
  return secret === undefined || secrets !== undefined
    ? await makeHere(data.directory.root, target, wanted, secrets ?? createSecretCache(), signal)
    : await throughControl(data, target, wanted, secret, signal);
}

/** Runs the recorder, in that directory, to sign with those Secrets or with the identity of this machine. */
export async function makeHere(
  directory: string,
  { namespace, name, spec }: Pick<Target, 'namespace' | 'name' | 'spec'>,
  wanted: Wanted,
  secrets: SecretCache,
  signal: AbortSignal,
): Promise<LinkReport> {
  const storage = completeStorage({ name, spec }, namespace, secrets);
  const id = `link-${randomUUID()}`;
  return await runLink(findRecorder(), directory, { version: 1, id, storage, ...wanted }, signal);
}

async function throughControl(
  data: LocalData,
  target: Target,
  wanted: Wanted,
  secret: string,
  signal: AbortSignal,
): Promise<LinkReport> {
  try {
    return await linkThroughControl(controlSocketPath(data.directory.root), target, wanted, signal);
  } catch (error) {
    // Nobody controls, or who does was not told the Secret: there is nothing else that it looks for.
    if (TapedeckError.from(error).code !== 'NotFound') throw error;
    const secrets = target.stored && environmentSecret(target.stored);
    if (secrets !== undefined) return await makeHere(data.directory.root, target, wanted, secrets, signal);
    throw absentSecret(target.stored, secret, { command: 'link RECORDING', cause: error });
  }
}

/** The report where links were made; what it says went wrong, thrown. */
function made(report: LinkReport): LinkReport {
  if (report.error === undefined) return report;
  const { code, message } = report.error;
  throw new TapedeckError(isErrorCode(code) ? code : 'Unknown', message);
}

function isErrorCode(code: string): code is keyof typeof errorKinds {
  return Object.hasOwn(errorKinds, code);
}
