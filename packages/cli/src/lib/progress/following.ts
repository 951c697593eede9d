import type { ResourceKey } from '@tapedeck/control';
import type { Recording } from '@tapedeck/core';
import type { CliExitCode } from '../cli-exit.ts';
import type { Interrupts } from '../interrupt.ts';
import type { ResourceClient } from '../resource-client.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { isLeftForLater, isOver } from './progress-line.ts';
import type { ProgressView } from './progress-view.ts';
import { createStartWait } from './start-wait.ts';

/** What a storage refuses is tried once more when its Secret is given anew; that has to show within this. */
const stalledPatienceMs = 20_000;

export interface Following {
  readonly store: Pick<ResourceClient, 'get' | 'list' | 'watch' | 'setState'>;
  readonly view: ProgressView;
  readonly interrupts: Interrupts;
  /** Of the Recordings. */
  readonly keys: readonly ResourceKey[];
  /** Seconds that a recording may wait to begin; absent: what suits the reason. */
  readonly startLimit?: number | undefined;
}

export interface Followed {
  /** As the recordings were at last; without those that were deleted. */
  readonly last: readonly Recording[];
  /** One waited too long for what it needs to begin, and was stopped: the exit code that says what that is. */
  readonly gaveUp: CliExitCode | undefined;
}

/**
 * Resolves with the recordings' last states when all are over (or gone), when what is left waits for its storage and
 * nothing moves, or on the second interrupt. The first one stops them.
 */
export async function followUntilOver(following: Following): Promise<Followed> {
  const { store, view, interrupts, keys } = following;
  if (keys.length === 0) return { last: [], gaveUp: undefined };
  const over = new AbortController();
  const end = AbortSignal.any([over.signal, interrupts.second]);
  let recordings: readonly Recording[] = [];
  let patience: NodeJS.Timeout | undefined;
  const failed = Promise.withResolvers<never>();
  const [namespace, ...others] = new Set(keys.map((key) => key.namespace));
  const common = others.length === 0 ? namespace : undefined;

  // What is given up does not begin behind anybody's back later.
  const startWait = createStartWait({
    limit: following.startLimit,
    say: view.say,
    onGiveUp: ({ metadata: { namespace: of = 'default', name } }) =>
      void store.setState(of, name, 'Stopped').catch(failed.reject),
  });

  const look = oneAtATime(async () => {
    const found = await Promise.all(
      keys.map(({ namespace, name }) => store.get('Recording', namespace, name)),
    );
    const present = found.filter((each) => each !== undefined);
    for (const { metadata } of recordings) {
      if (!present.some((each) => each.metadata.uid === metadata.uid))
        view.say(`Recording ${metadata.name} was deleted meanwhile.`);
    }
    recordings = present;
    view.update(recordings);
    startWait.update(recordings, await store.list('ExternalStorage', common));
    if (recordings.every(isOver)) over.abort();
    const waits = recordings.every((each) => isOver(each) || isLeftForLater(each));
    if (waits) patience ??= setTimeout(() => over.abort(), stalledPatienceMs);
    else {
      clearTimeout(patience);
      patience = undefined;
    }
  });

  const stop = async () => {
    view.say('Stopping: what is recorded is being completed. Ctrl-C again abandons that.');
    for (const { namespace, name } of keys) {
      const recording = await store.get('Recording', namespace, name);
      if (recording !== undefined && !isOver(recording)) await store.setState(namespace, name, 'Stopped');
    }
  };

  const isMeant = (key: ResourceKey) =>
    keys.some((each) => each.name === key.name && each.namespace === key.namespace);
  try {
    const ended = new Promise<void>((resolve, reject) => {
      end.addEventListener('abort', () => resolve(), { once: true });
      if (end.aborted) return resolve();
      if (interrupts.first.aborted) stop().catch(reject);
      else interrupts.first.addEventListener('abort', () => void stop().catch(reject), { once: true });
      store.watch(
        (key) => {
          if (key.kind === 'Recording' && isMeant(key)) look().catch(reject);
        },
        end,
        { kind: 'Recording', namespace: common, onRefused: reject },
      );
    });
    await Promise.race([ended, failed.promise]);
    return { last: recordings, gaveUp: startWait.givenUp.values().next().value };
  } finally {
    startWait.close();
    clearTimeout(patience);
    over.abort();
  }
}
