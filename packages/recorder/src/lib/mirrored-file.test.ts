import { type RunNotice, TapedeckError } from '@tapedeck/core';
import type { Fragment } from '@tapedeck/encoder';
import { describe, expect, it } from 'vitest';
import type { FileSink } from './file-sink.ts';
import { mirrorFile } from './mirrored-file.ts';

const fragment = (megabytes: number): Fragment => ({
  kind: 'fragment',
  bytes: new Uint8Array(megabytes * 1024 * 1024),
  startSeconds: 0,
  endSeconds: 1,
  startsWithKeyFrame: true,
  tracks: [],
});

/** Takes everything until it is told what else to do. */
function fakeSink(storage: string) {
  const taken: number[] = [];
  const state = { append: async (): Promise<void> => undefined, finished: false };
  const sink: FileSink = {
    file: {
      segment: 1,
      attempt: 1,
      key: 'a.mp4',
      storage,
      state: 'Open',
      bytes: 0,
      durationSeconds: 4,
    },
    progress: undefined,
    begin: async () => undefined,
    async append({ bytes }) {
      await state.append();
      taken.push(bytes.length);
    },
    async finish() {
      state.finished = true;
    },
    close: async () => undefined,
    discard: async () => undefined,
  };
  return { sink, taken, state };
}

function mirror(count: number) {
  const fakes = Array.from({ length: count }, (_, index) => fakeSink(`place-${index + 1}`));
  const notices: RunNotice[] = [];
  const file = mirrorFile(
    fakes.map(({ sink }) => sink),
    (notice) => void notices.push(notice),
  );
  const at = (index: number) => {
    const fake = fakes[index];
    if (fake === undefined) throw new Error(`no sink ${index}`);
    return fake;
  };
  return { file, at, notices };
}

const signal = new AbortController().signal;

describe('a file in several storages', () => {
  it('goes to all of them', async () => {
    const { file, at, notices } = mirror(3);
    await file.append(fragment(1));
    await file.append(fragment(2));
    await file.finish(signal);
    for (const index of [0, 1, 2]) {
      expect(at(index).taken).toEqual([1024 * 1024, 2 * 1024 * 1024]);
      expect(at(index).state.finished).toBe(true);
    }
    expect(notices).toEqual([]);
  });

  it('goes on without one that cannot, says so, and completes that as far as it goes', async () => {
    const { file, at, notices } = mirror(2);
    await file.append(fragment(1));
    at(1).state.append = () => Promise.reject(new TapedeckError('SpoolFull', 'Scratch is full.'));
    await file.append(fragment(1));
    await file.append(fragment(1));
    await file.finish(signal);
    expect(at(0).taken).toHaveLength(3);
    expect(at(1).taken).toHaveLength(1);
    expect(at(1).state.finished).toBe(true);
    expect(notices).toEqual([
      { reason: 'CopyEnded', message: 'The copy in place-2 ends after 4.0 s of its file: Scratch is full.' },
    ]);
  });

  it('does not wait for one that takes nothing, up to a bound', async () => {
    const { file, at, notices } = mirror(2);
    at(1).state.append = () => new Promise(() => undefined);
    for (let count = 0; count < 12; count++) await file.append(fragment(1));
    expect(at(0).taken).toHaveLength(12);
    expect(notices.map(({ reason }) => reason)).toEqual(['CopyEnded']);
    expect(notices[0]?.message).toContain('slower than the recording');
  });

  it('takes fragments that are larger than the bound', async () => {
    const { file, at, notices } = mirror(2);
    for (let count = 0; count < 3; count++) await file.append(fragment(9));
    await file.finish(signal);
    for (const index of [0, 1]) expect(at(index).taken).toHaveLength(3);
    expect(notices).toEqual([]);
  });

  it('tells once, and with the first reason, of one that dropped out', async () => {
    const { file, at, notices } = mirror(2);
    const { promise, reject } = Promise.withResolvers<void>();
    at(1).state.append = () => promise;
    for (let count = 0; count < 12; count++) await file.append(fragment(1));
    reject(new TapedeckError('Aborted', 'The upload is closed.'));
    await file.finish(signal);
    expect(notices.map(({ message }) => message)).toEqual([
      expect.stringContaining('slower than the recording'),
    ]);
  });

  it('is refused when no storage goes on', async () => {
    const { file, at } = mirror(2);
    for (const index of [0, 1])
      at(index).state.append = () => Promise.reject(new TapedeckError('SpoolFull', `Full: ${index}.`));
    await expect(
      (async () => {
        await file.append(fragment(1));
        await file.append(fragment(1));
      })(),
    ).rejects.toMatchObject({ code: 'SpoolFull', message: 'Full: 0.' });
  });
});
