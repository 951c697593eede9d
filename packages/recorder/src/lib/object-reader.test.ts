import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { readObject } from './object-reader.ts';

/** Sends these chunks, then nothing more, and never ends. */
function silentAfter(...chunks: readonly string[]): Readable {
  const left = [...chunks];
  return new Readable({
    read() {
      const next = left.shift();
      if (next !== undefined) this.push(next);
    },
  });
}

async function collect(chunks: AsyncIterable<Buffer>): Promise<string> {
  let text = '';
  for await (const chunk of chunks) text += chunk.toString();
  return text;
}

it('gives the whole body', async () => {
  const body = Readable.from([Buffer.from('ab'), Buffer.from('c')]);
  expect(await collect(readObject(body, new AbortController().signal))).toBe('abc');
});

it('gives up on a storage that falls silent in the middle', async () => {
  const body = silentAfter('ab');
  const reading = collect(readObject(body, new AbortController().signal, 30));
  await expect(reading).rejects.toMatchObject({ code: 'StorageTimeout' });
  expect(body.destroyed).toBe(true);
});

it('does not wait for a silent storage when the run is to end', async () => {
  const end = new AbortController();
  const reading = collect(readObject(silentAfter('ab'), end.signal));
  setTimeout(() => end.abort(), 20);
  await expect(reading).rejects.toMatchObject({ code: 'Aborted' });
  await expect(collect(readObject(silentAfter('ab'), end.signal))).rejects.toMatchObject({ code: 'Aborted' });
});

it('closes the body of which no more is wanted', async () => {
  const body = silentAfter('ab', 'c');
  for await (const _ of readObject(body, new AbortController().signal)) break;
  expect(body.destroyed).toBe(true);
});
