import type { ResourceKey } from '@tapedeck/control';
import type { RecordingCopy } from '@tapedeck/core';
import { resourceName } from '../kind-name.ts';
import { copiedText } from '../output/column.ts';
import type { ResourceClient } from '../resource-client.ts';
import { oneAtATime } from './one-at-a-time.ts';
import type { ProgressView } from './progress-view.ts';

/**
 * Resolves with the copies' last states when all are over (or gone), or on the signal. What they wait for, and how they
 * ended, is said once each.
 */
export async function followCopies(options: {
  readonly store: Pick<ResourceClient, 'get' | 'watch'>;
  readonly view: Pick<ProgressView, 'say'>;
  readonly signal: AbortSignal;
  /** Of the RecordingCopies. */
  readonly keys: readonly ResourceKey[];
}): Promise<readonly RecordingCopy[]> {
  const { store, view, signal, keys } = options;
  const over = new AbortController();
  const end = AbortSignal.any([signal, over.signal]);
  const said = new Map<string, string>();
  let copies: readonly RecordingCopy[] = [];

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
    if (copies.every(isCopyOver)) over.abort();
  });
  if (keys.length === 0) return copies;
  try {
    await new Promise<void>((resolve, reject) => {
      end.addEventListener('abort', () => resolve(), { once: true });
      if (end.aborted) return resolve();
      const [namespace, ...others] = new Set(keys.map((key) => key.namespace));
      store.watch(
        (key) => {
          if (key.kind === 'RecordingCopy') look().catch(reject);
        },
        end,
        {
          kind: 'RecordingCopy',
          namespace: others.length === 0 ? namespace : undefined,
          onRefused: reject,
        },
      );
    });
    return copies;
  } finally {
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
