import type { ResourceKey } from '@tapedeck/control';
import type { Recording } from '@tapedeck/core';
import type { Interrupts } from '../interrupt.ts';
import type { ResourceClient } from '../resource-client.ts';
import { isLeftForLater, isOver } from './progress-line.ts';
import type { ProgressView } from './progress-view.ts';

/** What a storage refuses is tried once more when its Secret is given anew; that has to show within this. */
const stalledPatienceMs = 20_000;

export interface Following {
  readonly store: Pick<ResourceClient, 'get' | 'watch' | 'setState'>;
  readonly view: ProgressView;
  readonly interrupts: Interrupts;
  /** Of the Recordings. */
  readonly keys: readonly ResourceKey[];
}

/**
 * Resolves with the recordings' last states when all are over (or gone), when what is left waits for its storage and
 * nothing moves, or on the second interrupt. The first one stops them.
 */
export async function followUntilOver(following: Following): Promise<readonly Recording[]> {
  const { store, view, interrupts, keys } = following;
  const over = new AbortController();
  const end = AbortSignal.any([over.signal, interrupts.second]);
  let recordings: readonly Recording[] = [];
  let patience: NodeJS.Timeout | undefined;

  const look = async () => {
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
      const recording = await store.get('Recording', namespace, name);
      if (recording !== undefined && !isOver(recording)) await store.setState(namespace, name, 'Stopped');
    }
  };

  const isMeant = (key: ResourceKey) =>
    keys.some((each) => each.name === key.name && each.namespace === key.namespace);
  const [namespace, ...others] = new Set(keys.map((key) => key.namespace));
  const within = { kind: 'Recording', namespace: others.length === 0 ? namespace : undefined } as const;
  try {
    await new Promise<void>((resolve, reject) => {
      end.addEventListener('abort', () => resolve(), { once: true });
      if (end.aborted) return resolve();
      if (interrupts.first.aborted) stop().catch(reject);
      else interrupts.first.addEventListener('abort', () => void stop().catch(reject), { once: true });
      store.watch(
        (key) => {
          if (key.kind === 'Recording' && isMeant(key)) look().catch(reject);
        },
        end,
        within,
      );
    });
    return recordings;
  } finally {
    clearTimeout(patience);
    over.abort();
  }
}
