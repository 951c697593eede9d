import { describe, expect, it } from 'vitest';
import { box, fullBox, joinBytes, pieces, uint32s } from './box-write.ts';
import { createMp4FragmentReader } from './fragment-reader.ts';
import type { Fragment, InitSegment } from './media.ts';
import { createMp4File } from './mp4-file.ts';
import { mp4Filler } from './mp4-filler.ts';
import { compacted, createAssembly, finished, unfinished } from './testing/assembled.ts';
import { liveSeconds, makeFragment, makeInit, sampleNumbers } from './testing/synthetic.ts';

const init = makeInit();
const makeStream = () =>
  Buffer.concat([init.bytes, ...[...liveSeconds(init, 0, 4)].map(({ bytes }) => bytes)]);
const stream = makeStream();

function readIn(
  bytes: Uint8Array,
  sizes: () => number,
): { items: (InitSegment | Fragment)[]; bytesLeftOver: number } {
  const reader = createMp4FragmentReader();
  const items: (InitSegment | Fragment)[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = sizes();
    items.push(...reader.push(bytes.subarray(at, at + size)));
    at += size;
  }
  return { items, ...reader.end() };
}
const readWhole = (bytes: Uint8Array) => readIn(bytes, () => bytes.length);

const fragmentsOf = (items: readonly (InitSegment | Fragment)[]) =>
  items.filter((item) => item.kind === 'fragment');

/** A repeatable source of chance: a linear congruential generator. */
function createChance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 1_664_525 + 1_013_904_223) % 0x1_0000_0000;
    return Math.floor((state / 0x1_0000_0000) * below);
  };
}

const message = (read: () => unknown): string => {
  try {
    read();
    return '';
  } catch (error) {
    return error instanceof Error && 'code' in error ? `${error.code}: ${error.message}` : String(error);
  }
};

describe('the fragment reader', () => {
  it('says what the tracks are', () => {
    const [found] = readWhole(stream).items;
    expect(found).toMatchObject({
      kind: 'init',
      bytes: init.bytes,
      tracks: [
        { id: 1, type: 'video', codec: 'avc1.64001f', timescale: 15_360, width: 320, height: 180 },
        { id: 2, type: 'audio', codec: 'mp4a.40.2', timescale: 48_000, sampleRate: 48_000, channels: 2 },
      ],
    });
  });

  it('gives the same whatever chunks the bytes come in', () => {
    const whole = readWhole(stream);
    expect(fragmentsOf(whole.items)).toHaveLength(4);
    expect(whole.bytesLeftOver).toBe(0);
    for (let seed = 1; seed <= 40; seed++) {
      const chance = createChance(seed);
      const largest = [1, 3, 17, 100, 5000][seed % 5] ?? 1;
      expect(readIn(stream, () => 1 + chance(largest))).toEqual(whole);
    }
  });

  it('gives up what is whole and counts the rest, wherever the stream is cut off', () => {
    const ends: number[] = [];
    let end = init.bytes.length;
    for (const { bytes } of fragmentsOf(readWhole(stream).items)) {
      end += bytes.length;
      ends.push(end);
    }
    for (let length = 0; length <= stream.length; length += 7) {
      const { items, bytesLeftOver } = readWhole(stream.subarray(0, length));
      const whole = ends.filter((fragmentEnd) => fragmentEnd <= length);
      expect(fragmentsOf(items)).toHaveLength(whole.length);
      if (length >= init.bytes.length) {
        expect(bytesLeftOver).toBe(length - (whole.at(-1) ?? init.bytes.length));
      }
    }
  });

  it('passes over room, side data and indexes', () => {
    const side = ['styp', 'sidx', 'emsg', 'mfra', 'free', 'skip'].map((type) =>
      joinBytes(box(type, uint32s([1, 2]))),
    );
    const [moov, fragment] = [init.bytes, makeFragment(init, {}).bytes];
    const mixed = Buffer.concat([moov, ...side, mp4Filler(8), fragment, ...side, fragment]);
    expect(fragmentsOf(readWhole(mixed).items)).toHaveLength(2);
    expect(fragmentsOf(readIn(mixed, () => 5).items)).toHaveLength(2);
  });

  it.each([
    ['text', Buffer.from('HTTP/1.1 404 Not Found\r\n\r\nnothing here'), 'no box that belongs there'],
    ['zeros', new Uint8Array(64), 'there is no box'],
    [
      'an MP4 without fragments',
      joinBytes(pieces(box('ftyp'), box('moov', box('mvhd')), box('mdat', uint32s([1, 2, 3])))),
      'without fragments',
    ],
    ['a fragment without init', makeFragment(init, {}).bytes, 'before any description'],
    [
      'a fragment without samples',
      Buffer.concat([init.bytes, joinBytes(box('moof')), joinBytes(box('free'))]),
      'where a fragment',
    ],
    [
      'a fragment of 4 GiB',
      Buffer.concat([init.bytes, joinBytes(box('moof')), Buffer.from('ffffffff6d646174', 'hex')]),
      'a fragment of',
    ],
  ])('names what is wrong with %s', (_, bytes, words) => {
    expect(message(() => readWhole(bytes))).toMatch(/^SourceNotMedia: /);
    expect(message(() => readWhole(bytes))).toContain(words);
  });

  it('finds damage in a fragment instead of reading past it', () => {
    const damaged = makeStream();
    damaged.writeUInt32BE(1_000_000, damaged.indexOf('trun') + 8);
    expect(message(() => readWhole(damaged))).toMatch(/^SourceNotMedia: .*trun that claims 1000000 samples/);
    for (let seed = 1; seed <= 200; seed++) {
      const chance = createChance(seed);
      const bytes = makeStream();
      for (let count = 0; count < 5; count++) bytes[chance(bytes.length)] = chance(256);
      expect(message(() => readWhole(bytes))).toMatch(/^(SourceNotMedia: .*)?$/);
    }
  });

  it('reads defaults, offsets that count from elsewhere, and fragments that do not say their time', () => {
    const trun = (flags: number, version: number, ...values: number[]) =>
      fullBox('trun', version, flags, uint32s(values));
    // Old manner: no default-base-is-moof, the second traf's data follows the first's.
    const moofOf = (offset: number) =>
      box(
        'moof',
        fullBox('mfhd', 0, 0, uint32s([1])),
        box(
          'traf',
          fullBox('tfhd', 0, 0x38, uint32s([1, 512, 6, 0x1010000])),
          trun(0x5, 0, 2, offset, 0x2000000),
          trun(0x200, 0, 1, 7),
        ),
        box('traf', fullBox('tfhd', 0, 0x8, uint32s([2, 1024])), trun(0xa00, 1, 2, 5, -3 >>> 0, 4, 9)),
      );
    const size = moofOf(0).size;
    const moof = joinBytes(moofOf(size + 8));
    const bytes = Buffer.concat([
      moof,
      joinBytes(
        box(
          'mdat',
          Uint8Array.from({ length: 28 }, (_, index) => index),
        ),
      ),
    ]);
    const [, first, second] = readWhole(Buffer.concat([init.bytes, bytes, bytes])).items;
    expect(first).toMatchObject({ startsWithKeyFrame: true, startSeconds: 0 });
    if (first?.kind !== 'fragment' || second?.kind !== 'fragment') throw new Error('two fragments expected');
    const [video, audio] = first.tracks;
    expect([...(video?.sizes ?? [])]).toEqual([6, 6, 7]);
    expect([...(video?.flags ?? [])]).toEqual([0x2000000, 0x1010000, 0x1010000]);
    expect([...(audio?.compositionOffsets ?? [])]).toEqual([-3, 9]);
    expect([...(audio?.durations ?? [])]).toEqual([1024, 1024]);
    const contents = first.tracks.map((track) => [...track.offsets].map((offset) => first.bytes[offset]));
    expect(contents).toEqual([
      [0, 6, 12],
      [19, 24],
    ]);
    expect(second.tracks.map((track) => track.baseDecodeTime)).toEqual([3 * 512, 2 * 1024]);
  });

  it('reads absolute offsets, wherever the fragment was', () => {
    const position = init.bytes.length;
    const make = (base: number) => {
      const high = fullBox('tfhd', 0, 0x11, uint32s([1, 0, base, 6]));
      const moof = box(
        'moof',
        box('traf', high, fullBox('tfdt', 0, 0, uint32s([90])), fullBox('trun', 0, 0, uint32s([1]))),
      );
      return joinBytes(pieces(moof, box('mdat', Uint8Array.from([1, 2, 3, 4, 5, 6]))));
    };
    const moofSize = make(0).length - 14;
    const [, fragment] = readWhole(Buffer.concat([init.bytes, make(position + moofSize + 8)])).items;
    if (fragment?.kind !== 'fragment') throw new Error('a fragment expected');
    const offset = fragment.tracks[0]?.offsets[0] ?? 0;
    expect([...fragment.bytes.subarray(offset, offset + 6)]).toEqual([1, 2, 3, 4, 5, 6]);
    expect(fragment.tracks[0]?.baseDecodeTime).toBe(90);
  });

  it('copies a large fragment once, not once a chunk', () => {
    const size = 64 * 1024 * 1024;
    const fragment = makeFragment(init, { frames: 1, audioFrames: 0 }).bytes;
    const moof = fragment.subarray(0, Buffer.from(fragment).indexOf('mdat') - 4);
    const reader = createMp4FragmentReader();
    reader.push(init.bytes);
    const header = new Uint8Array(8);
    header.set(uint32s([size + 8]));
    header.set(Buffer.from('mdat'), 4);
    reader.push(Buffer.concat([moof, header]));
    const chunk = new Uint8Array(64 * 1024);
    const started = performance.now();
    let found = 0;
    for (let at = 0; at < size; at += chunk.length) found += reader.push(chunk).length;
    expect(found).toBe(1);
    // Copying everything anew with each chunk would move 32 GiB: some ten seconds.
    expect(performance.now() - started).toBeLessThan(2000);
  });
});

describe('our own files', () => {
  const assembly = createAssembly();
  for (const item of readWhole(stream).items) assembly.take(item, 0);
  assembly.end();
  const [file] = assembly.files;
  if (file === undefined) throw new Error('a file expected');

  it.each([
    ['unfinished', unfinished(file)],
    ['finished', finished(file)],
    ['compact', compacted(file)],
  ])('are read again: %s', (_, bytes) => {
    const { items, bytesLeftOver } = readIn(bytes, () => 1000);
    expect(bytesLeftOver).toBe(0);
    expect(items.filter((item) => item.kind === 'init')).toHaveLength(1);
    for (const trackId of [1, 2]) {
      expect(sampleNumbers(fragmentsOf(items), trackId)).toEqual(sampleNumbers(file.fragments, trackId));
    }
  });

  it('are read again with their index at the end', () => {
    const layout = createMp4File({ init, maxSeconds: 0 });
    const units = [layout.head];
    for (const fragment of liveSeconds(init, 0, 60)) {
      layout.add(fragment, Buffer.concat(units).length);
      units.push(fragment.bytes);
    }
    const { head, tail } = layout.finish(Buffer.concat(units).length);
    if (tail === undefined) throw new Error('a tail expected');
    const bytes = Buffer.concat([...units, tail]);
    bytes.set(head);
    const { items, bytesLeftOver } = readIn(bytes, () => 1000);
    expect(bytesLeftOver).toBe(0);
    expect(sampleNumbers(fragmentsOf(items), 1)).toHaveLength(1800);
  });

  it('are joined by reading them one after the other', () => {
    const joined = createAssembly();
    for (const bytes of [finished(file), unfinished(file).subarray(0, -100)]) {
      for (const item of readIn(bytes, () => 4096).items) joined.take(item, 0);
    }
    joined.end();
    expect(joined.files).toHaveLength(1);
    const one = sampleNumbers(file.fragments, 1);
    expect(sampleNumbers(joined.files[0]?.fragments ?? [], 1)).toEqual([...one, ...one.slice(0, 90)]);
  });
});
