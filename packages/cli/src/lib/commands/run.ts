import type { Kind, ResourceKey } from '@tapedeck/control';
import type { Recording } from '@tapedeck/core';
import { TapedeckError } from '@tapedeck/core/error';
import { type CliExitCode, cliExitCodes } from '../cli-exit.ts';
import { type Interrupts, takeInterrupts } from '../interrupt.ts';
import { resourceName } from '../kind-name.ts';
import type { LocalData } from '../local/local-data.ts';
import { removeResource } from '../local/removal.ts';
import { waitUntilGone } from '../local/resource-wait.ts';
import { openSession, type Session } from '../local/session.ts';
import { requestCheck } from '../local/storage-recheck.ts';
import { leftBehindText } from '../local/unattended.ts';
import type { LocalManifest } from '../manifest/local-manifest.ts';
import { outputPlaces } from '../output/output-places.ts';
import { isLeftForLater, isOver, phaseOf } from '../progress/progress-line.ts';
import { createProgressView, type ProgressView } from '../progress/progress-view.ts';
import type { Terminal } from '../terminal.ts';
import { type ApplyOptions, readLocalManifest } from './apply.ts';
import { createStartWait } from './start-wait.ts';

export interface RunOptions extends ApplyOptions {
  readonly wait?: string;
}

/** What a storage refuses is tried once more when its Secret is given anew; that has to show within this. */
const stalledPatienceMs = 20_000;

/**
 * Applies files and stays until every Recording in them is over: 0 when all are complete, 1 when one failed or when all
 * that is left is a delivery that its storage refuses, 5 when one waited too long for what it needs to begin.
 */
export async function run(data: LocalData, terminal: Terminal, options: RunOptions): Promise<CliExitCode> {
  const { wait } = options;
  const limit = wait === undefined ? undefined : await parseWait(wait);
  return await runManifest(data, terminal, await readLocalManifest(terminal, options), limit);
}

async function parseWait(text: string): Promise<number> {
  const { durationPattern, parseDuration } = await import('@tapedeck/core');
  if (durationPattern.test(text)) return parseDuration(text);
  throw new TapedeckError('InvalidManifest', `--wait ${text}: must be a duration like 30s or 1h30m`);
}

export async function runManifest(
  data: LocalData,
  terminal: Terminal,
  manifest: LocalManifest,
  /** Seconds that a recording may wait to begin; absent: what suits the reason. */
  startLimit?: number,
): Promise<CliExitCode> {
  const keys = manifest.resources.map(({ key }) => key).filter(({ kind }) => kind === 'Recording');
  if (keys.length === 0) {
    throw new TapedeckError(
      'InvalidManifest',
      'there is no Recording in it to run; "tapedeck apply" takes the rest',
    );
  }
  const interrupts = takeInterrupts();
  const view = await createProgressView(terminal);
  const session = await openSession({
    data,
    onError: (error) => view.say(terminal.tones.red(TapedeckError.from(error).message)),
    onLead: (takenOver) => {
      if (takenOver) view.say('The process that ran the recordings is gone; this one goes on.');
    },
  });
  try {
    await session.provideSecrets(manifest.secrets);
    await applyAll(data, view, manifest, interrupts.first);
    return await follow({ data, terminal, view, session, interrupts, keys, startLimit });
  } finally {
    view.close();
    await session.close();
    interrupts.close();
  }
}

/** A Recording that is over is made anew: who says run wants it to run. */
async function applyAll(
  data: LocalData,
  view: ProgressView,
  { resources }: LocalManifest,
  signal: AbortSignal,
): Promise<void> {
  for (const { key } of resources) if (key.kind === 'Recording') await makeRoom(data, view, key, signal);
  const outcomes = await data.store.apply(resources);
  for (const [index, { key }] of resources.entries()) {
    view.say(`${resourceName(key.kind, key.name)} ${outcomes[index]}`);
    if (key.kind !== 'ExternalStorage') continue;
    const storage = await data.store.get('ExternalStorage', key.namespace, key.name);
    if (storage !== undefined) await requestCheck(data.store, storage);
  }
}

async function makeRoom(
  data: LocalData,
  view: ProgressView,
  key: ResourceKey & { kind: Kind },
  signal: AbortSignal,
): Promise<void> {
  const old = await data.store.get('Recording', key.namespace, key.name);
  if (old === undefined) return;
  const deleting = old.metadata.deletionTimestamp !== undefined;
  if (!isOver(old) && !deleting) return;
  if (!deleting && old.spec.deletionPolicy === 'Delete') {
    throw new TapedeckError(
      'AlreadyExists',
      `Recording ${key.name} is over, and its files go with it (deletionPolicy: Delete): delete it first, or choose another name`,
    );
  }
  if (!deleting) view.say(`${resourceName(key.kind, key.name)} is over (${phaseOf(old)}); recording it anew`);
  const outcome = deleting ? 'Deleting' : await removeResource(data, key);
  if (outcome !== 'Removed') await waitUntilGone(data.store, key, signal);
}

interface Following {
  readonly data: LocalData;
  readonly terminal: Terminal;
  readonly view: ProgressView;
  readonly session: Session;
  readonly interrupts: Interrupts;
  readonly keys: readonly ResourceKey[];
  readonly startLimit: number | undefined;
}

async function follow(following: Following): Promise<CliExitCode> {
  const { data, terminal, view, session, interrupts, keys } = following;
  const { last, gaveUp } = await followUntilOver(following);
  if (interrupts.second.aborted) {
    for (const recording of last) {
      if (!isOver(recording)) await session.abandon(recording.metadata.uid ?? '');
    }
    view.say('Abandoned: what is recorded is kept, and completed when "tapedeck dev" or "run" runs next.');
    return cliExitCodes.Interrupted;
  }
  view.close();
  for (const recording of last) printPlaces(terminal, recording);
  await warnOfOthers(data, session, terminal);
  for (const each of last) if (isLeftForLater(each)) terminal.say(leftForLaterText(each));
  if (interrupts.first.aborted) return cliExitCodes.Interrupted;
  if (gaveUp) return cliExitCodes.TimedOut;
  const complete = last.length === keys.length && last.every((each) => phaseOf(each) === 'Uploaded');
  return complete ? cliExitCodes.Done : cliExitCodes.Failed;
}

/** A line a file; of files in several storages it is said beside them which are in which. */
function printPlaces(terminal: Terminal, recording: Recording): void {
  const places = outputPlaces(recording);
  for (const { storage, files } of places) {
    if (places.length > 1) terminal.say(`In ${storage}:`);
    for (const file of files) terminal.print(file);
  }
}

function leftForLaterText({ metadata: { name } }: Recording): string {
  return `${name} is recorded, and not all of it is delivered: "tapedeck dev", or "run" with the same files, delivers it when the storage takes it again.`;
}

/**
 * Resolves with the recordings' last states when all are over (or gone), when what is left waits for its storage and
 * nothing moves, or on the second interrupt.
 */
async function followUntilOver(
  following: Following,
): Promise<{ readonly last: readonly Recording[]; readonly gaveUp: boolean }> {
  const { data, view, interrupts, keys } = following;
  const over = new AbortController();
  const end = AbortSignal.any([over.signal, interrupts.second]);
  let recordings: readonly Recording[] = [];
  let patience: NodeJS.Timeout | undefined;
  const failed = Promise.withResolvers<never>();

  // What is given up does not begin behind anybody's back later.
  const startWait = createStartWait({
    limit: following.startLimit,
    say: view.say,
    onGiveUp: ({ metadata: { namespace = 'default', name } }) =>
      void data.store.setState(namespace, name, 'Stopped').catch(failed.reject),
  });

  const look = async () => {
    const found = await Promise.all(
      keys.map(({ namespace, name }) => data.store.get('Recording', namespace, name)),
    );
    const present = found.filter((each) => each !== undefined);
    for (const { metadata } of recordings) {
      if (!present.some((each) => each.metadata.uid === metadata.uid))
        view.say(`Recording ${metadata.name} was deleted meanwhile.`);
    }
    recordings = present;
    view.update(recordings);
    startWait.update(recordings, await data.store.list('ExternalStorage'));
    if (recordings.every(isOver)) over.abort();
    const waits = recordings.every((each) => isOver(each) || isLeftForLater(each));
    if (waits) patience ??= setTimeout(() => over.abort(), stalledPatienceMs);
    else {
      clearTimeout(patience);
      patience = undefined;
    }
  };

  const stop = async () => {
    view.say('Stopping: what is recorded is being completed. Ctrl-C again abandons that.');
    for (const { namespace, name } of keys) {
      const recording = await data.store.get('Recording', namespace, name);
      if (recording !== undefined && !isOver(recording))
        await data.store.setState(namespace, name, 'Stopped');
    }
  };

  try {
    const ended = new Promise<void>((resolve, reject) => {
      end.addEventListener('abort', () => resolve(), { once: true });
      if (end.aborted) return resolve();
      if (interrupts.first.aborted) stop().catch(reject);
      else interrupts.first.addEventListener('abort', () => void stop().catch(reject), { once: true });
      data.store.watch((key) => {
        if (key.kind === 'Recording') look().catch(reject);
      }, end);
    });
    await Promise.race([ended, failed.promise]);
    return { last: recordings, gaveUp: startWait.givenUp.size > 0 };
  } finally {
    startWait.close();
    clearTimeout(patience);
    over.abort();
  }
}

/** A leader that ends leaves recordings of others alone where nobody waits to take over. */
async function warnOfOthers(data: LocalData, session: Session, terminal: Terminal): Promise<void> {
  if (!session.leading) return;
  const left = await leftBehindText(data);
  if (left !== undefined) terminal.say(left);
}
