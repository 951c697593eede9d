import type { Readable } from 'node:stream';
import { TapedeckError } from '@tapedeck/core';

/** A storage that answers sends something within this; one that has gone silent must not hold the run for ever. */
const silenceLimitMs = 60_000;

/**
 * The chunks of an object's body. Rejects with `StorageTimeout` when none comes for too long, with `Aborted` at the
 * signal. The body is closed in any case.
 */
export async function* readObject(
  body: Readable,
  signal: AbortSignal,
  limitMs: number = silenceLimitMs,
): AsyncGenerator<Buffer> {
  const onAbort = () => body.destroy(new TapedeckError('Aborted', 'the run was asked to end'));
  const onSilence = () =>
    body.destroy(new TapedeckError('StorageTimeout', `the storage sent nothing for ${limitMs / 1000} s`));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  let timer = setTimeout(onSilence, limitMs);
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      // The time that the reader takes for a chunk is not the storage's.
      clearTimeout(timer);
      yield chunk;
      timer = setTimeout(onSilence, limitMs);
    }
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
    body.destroy();
  }
}
