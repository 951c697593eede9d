import type { ResourceKey } from '@tapedeck/control';
import type { RecordingCopy } from '@tapedeck/core';
import type { CliExitCode } from '../cli-exit.ts';
import { resourceName } from '../kind-name.ts';
import { copiedText } from '../output/column.ts';
import type { ResourceClient } from '../resource-client.ts';
import { oneAtATime } from './one-at-a-time.ts';
import type { ProgressView } from './progress-view.ts';
import { createStartWait } from './start-wait.ts';

export interface FollowedCopies {
  /** As the copies were at last; without those that were deleted. */
  readonly copies: readonly RecordingCopy[];
  /** One waited too long for what it needs to begin, and was left: the exit code that says what that is. */
  readonly gaveUp: CliExitCode | undefined;
}

/**
 * Resolves with the copies' last states when all are over (or gone), when what is left has waited too long to begin, or on
 * the signal. What they wait for, and how they ended, is said once each.
 */
export async function followCopies(options: {
  readonly store: Pick<ResourceClient, 'get' | 'list' | 'watch'>;
  readonly view: Pick<ProgressView, 'say'>;
  readonly signal: AbortSignal;
  /** Of the RecordingCopies. */
  readonly keys: readonly ResourceKey[];
  /** Seconds that a copy may wait to begin; absent: what suits the reason. */
  readonly startLimit?: number | undefined;
}): Promise<FollowedCopies> {
  const { store, view, signal, keys, startLimit } = options;
  const over = new AbortController();
  const end = AbortSignal.any([signal, over.signal]);
  const said = new Map<string, string>();
  let copies: readonly RecordingCopy[] = [];
  const [namespace, ...others] = new Set(keys.map((key) => key.namespace));
  const common = others.length === 0 ? namespace : undefined;

  const startWait = createStartWait({
    limit: startLimit,
    say: view.say,
    onGiveUp: () => endIfOver(),
  });
  /** Of one that still waits. */
  const giveUpExit = ({ status, metadata: { uid = '' } }: RecordingCopy) =>
    status?.phase === 'Pending' ? startWait.givenUp.get(uid) : undefined;
  const endIfOver = () => {
    if (copies.every((copy) => isCopyOver(copy) || giveUpExit(copy) !== undefined)) over.abort();
  };

  const tell = (copy: RecordingCopy) => {
    const text = copyText(copy);
    if (text === undefined || said.get(copy.metadata.name) === text) return;
    said.set(copy.metadata.name, text);
    view.say(`${resourceName('RecordingCopy', copy.metadata.name)} ${text}`);
  };
  const look = oneAtATime(async () => {
    const found = await Promise.all(
      keys.map(({ namespace, name }) => store.get('RecordingCopy', namespace, name)),
    );
    copies = found.filter((each) => each !== undefined);
    for (const copy of copies) tell(copy);
    startWait.update(copies, await store.list('ExternalStorage', common));
    endIfOver();
  });
  if (keys.length === 0) return { copies, gaveUp: undefined };
  try {
    await new Promise<void>((resolve, reject) => {
      end.addEventListener('abort', () => resolve(), { once: true });
      if (end.aborted) return resolve();
      store.watch(
        (key) => {
          if (key.kind === 'RecordingCopy') look().catch(reject);
        },
        end,
        {
          kind: 'RecordingCopy',
          namespace: common,
          onRefused: reject,
        },
      );
    });
    return { copies, gaveUp: copies.map(giveUpExit).find((exit) => exit !== undefined) };
  } finally {
    startWait.close();
    over.abort();
  }
}

/** Nothing happens to it any more. */
export function isCopyOver({ status }: RecordingCopy): boolean {
  return status?.phase === 'Uploaded' || status?.phase === 'Failed';
}

function copyText({ status }: RecordingCopy): string | undefined {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  if (ready === undefined) return undefined;
  if (status?.phase === 'Uploaded') return `is complete: ${copiedText(status.progress)} copied`;
  return ready.status === 'True' ? 'is being copied' : `${ready.reason}: ${ready.message}`;
}
