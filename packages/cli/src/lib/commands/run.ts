import type { ResourceKey } from '@tapedeck/control';
import type { Recording } from '@tapedeck/core';
import { TapedeckError } from '@tapedeck/core/error';
import { type CliExitCode, cliExitCodes } from '../cli-exit.ts';
import { type Interrupts, takeInterrupts } from '../interrupt.ts';
import type { LocalData } from '../local/local-data.ts';
import { removeResource } from '../local/removal.ts';
import { openSession, type Session } from '../local/session.ts';
import { leftBehindText } from '../local/unattended.ts';
import type { LocalManifest } from '../manifest/local-manifest.ts';
import { printPlaces } from '../output/output-places.ts';
import {
  copiesGivenUp,
  type FollowedKeys,
  followedKeys,
  followRun,
  runExit,
} from '../progress/followed-run.ts';
import { applyFresh } from '../progress/fresh-start.ts';
import { isLeftForLater, isOver } from '../progress/progress-line.ts';
import { createProgressView, type ProgressView } from '../progress/progress-view.ts';
import { parseStartLimit } from '../progress/start-limit.ts';
import type { Terminal } from '../terminal.ts';
import { type ApplyOptions, readLocalManifest } from './apply.ts';

export interface RunOptions extends ApplyOptions {
  readonly wait?: string;
}

/**
 * Applies files and stays until every Recording and every copy in them is over: 0 when all are complete, 1 when one failed
 * or when all that is left is a delivery that its storage refuses; where one waited too long for what it needs to begin, what
 * that is says 2 (credentials), 3 (missing), 4 (denied) or 5.
 */
export async function run(data: LocalData, terminal: Terminal, options: RunOptions): Promise<CliExitCode> {
  const limit = await parseStartLimit(options.wait);
  return await runManifest(data, terminal, await readLocalManifest(terminal, options), limit);
}

export async function runManifest(
  data: LocalData,
  terminal: Terminal,
  manifest: LocalManifest,
  /** Seconds that a recording may wait to begin; absent: what suits the reason. */
  startLimit?: number,
): Promise<CliExitCode> {
  const keys = followedKeys(manifest, '"tapedeck apply" takes the rest, and "tapedeck dev" carries it out');
  const interrupts = takeInterrupts();
  try {
    return await runUntilOver(data, terminal, manifest, { interrupts, keys, startLimit });
  } finally {
    interrupts.close();
  }
}

async function runUntilOver(
  data: LocalData,
  terminal: Terminal,
  manifest: LocalManifest,
  wanted: Pick<Following, 'interrupts' | 'keys' | 'startLimit'>,
): Promise<CliExitCode> {
  const view = await createProgressView(terminal);
  try {
    const session = await openSession({
      data,
      onError: (error) => view.say(terminal.tones.red(TapedeckError.from(error).message)),
      onLead: (takenOver) => {
        if (takenOver) view.say('The process that ran the recordings is gone; this one goes on.');
      },
    });
    try {
      await session.provideSecrets(manifest.secrets);
      const remove = async (key: ResourceKey) => (await removeResource(data, key)) === 'Removed';
      await applyFresh({ store: data.store, view, remove }, manifest.resources, wanted.interrupts.first);
      return await follow({ data, terminal, view, session, ...wanted });
    } finally {
      view.close();
      await session.close();
    }
  } finally {
    view.close();
  }
}

interface Following {
  readonly data: LocalData;
  readonly terminal: Terminal;
  readonly view: ProgressView;
  readonly session: Session;
  readonly interrupts: Interrupts;
  readonly keys: FollowedKeys;
  readonly startLimit: number | undefined;
}

async function follow(following: Following): Promise<CliExitCode> {
  const { data, terminal, view, session, interrupts, keys } = following;
  const followed = await followRun({ ...following, store: data.store });
  const { last, copies } = followed;
  if (interrupts.second.aborted) {
    for (const recording of last) {
      if (!isOver(recording)) await session.abandon(recording.metadata.uid ?? '');
    }
    view.say('Abandoned: what is recorded is kept, and completed when "tapedeck dev" or "run" runs next.');
    return cliExitCodes.Interrupted;
  }
  view.close();
  for (const each of [...last, ...copies]) printPlaces(terminal, each);
  await warnOfOthers(data, session, terminal);
  for (const each of last) if (isLeftForLater(each)) terminal.say(leftForLaterText(each));
  for (const { metadata } of copiesGivenUp(followed)) {
    terminal.say(
      `${metadata.name} is not copied: "tapedeck dev", or "run" with the same files, does it once that is put right.`,
    );
  }
  return runExit(followed, keys, interrupts);
}

function leftForLaterText({ metadata: { name } }: Recording): string {
  return `${name} is recorded, and not all of it is delivered: "tapedeck dev", or "run" with the same files, delivers it when the storage takes it again.`;
}

/** A leader that ends leaves recordings of others alone where nobody waits to take over. */
async function warnOfOthers(data: LocalData, session: Session, terminal: Terminal): Promise<void> {
  if (!session.leading) return;
  const left = await leftBehindText(data);
  if (left !== undefined) terminal.say(left);
}
