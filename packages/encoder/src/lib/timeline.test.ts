import { describe, expect, it } from 'vitest';
import { createMp4FragmentReader } from './fragment-reader.ts';
import type { Fragment } from './media.ts';
import { createAssembly } from './testing/assembled.ts';
import { numbers, overlaps, times } from './testing/measured.ts';
import {
  audioFrameUnits,
  liveSeconds,
  makeFragment,
  makeInit,
  otherSps,
  sampleNumbers,
  sps,
  videoTimescale,
} from './testing/synthetic.ts';

const init = makeInit();
/** How long after its end a fragment arrives here. */
const latency = 0.1;

describe('a recording without events', () => {
  it('is passed on sample by sample, its times counted from the first', () => {
    const assembly = createAssembly();
    assembly.take(init);
    for (const fragment of liveSeconds(init, 1000, 1005))
      assembly.take(fragment, fragment.endSeconds + latency);
    assembly.end();
    const [file] = assembly.files;
    expect(assembly.files).toHaveLength(1);
    expect(file).toMatchObject({ segment: 1, reason: 'End' });
    expect(sampleNumbers(file?.fragments ?? [], 1)).toEqual(numbers(30_000, 30_150));
    expect(times(file, 1)[0]).toBe(0);
    expect(times(file, 2)[0]).toBeCloseTo(0, 4);
    expect(file?.durationSeconds).toBeCloseTo(5, 1);
    expect(file?.fragments.map(({ bytes }) => new DataView(bytes.buffer).getUint32(20))).toEqual([
      1, 2, 3, 4, 5,
    ]);
    expect(assembly.notes).toEqual([]);
  });

  it('never opens a file that would stay empty', () => {
    const assembly = createAssembly();
    assembly.take(init);
    assembly.timeline.pause(0);
    for (const fragment of liveSeconds(init, 0, 5)) assembly.take(fragment, fragment.endSeconds + latency);
    assembly.end();
    expect(assembly.files).toEqual([]);
  });

  it('begins with the first key frame', () => {
    const assembly = createAssembly();
    assembly.take(init);
    assembly.take(makeFragment(init, { key: false }), 1);
    assembly.take(makeFragment(init, { videoStart: 15_360, audioStart: 48_128 }), 2);
    assembly.end();
    expect(sampleNumbers(assembly.files[0]?.fragments ?? [], 1)).toEqual(numbers(30, 60));
  });

  it('goes on with sound alone when an announced picture does not come within 5 s', () => {
    const assembly = createAssembly();
    assembly.take(init);
    for (let second = 0; second < 10; second++) {
      const sound = { audioStart: second * 47 * audioFrameUnits, frames: 0 };
      assembly.take(makeFragment(init, sound), second + 1);
    }
    // A picture that starts without a key frame could not be decoded.
    const late = { audioStart: 470 * audioFrameUnits, videoStart: 10 * videoTimescale, key: false };
    assembly.take(makeFragment(init, late), 11);
    assembly.end();
    const fragments = assembly.files[0]?.fragments ?? [];
    expect(sampleNumbers(fragments, 1)).toEqual([]);
    expect(sampleNumbers(fragments, 2)).toEqual(numbers(4 * 47, 11 * 47));
  });

  it('keeps times that need 64 bits, also where the source wrote 32', () => {
    const day = 24 * 3600 * videoTimescale * 6;
    const assembly = createAssembly({ splitEverySeconds: Number.POSITIVE_INFINITY });
    assembly.take(init);
    assembly.take(makeFragment(init, { audioFrames: 0 }), 1);
    assembly.take(makeFragment(init, { videoStart: day, audioFrames: 0 }), 2);
    assembly.take(init);
    assembly.take(narrow(makeFragment(init, { audioFrames: 0 })), 3);
    assembly.end();
    const fragments = assembly.files[0]?.fragments ?? [];
    const [, , last] = createMp4FragmentReader().push(
      Buffer.concat([init.bytes, ...fragments.slice(1).map(({ bytes }) => bytes)]),
    );
    expect(last).toMatchObject({ tracks: [{ baseDecodeTime: day + videoTimescale }] });
    expect(sampleNumbers(fragments, 1).slice(-2)).toEqual([28, 29]);
    expect(day).toBeGreaterThan(0xffffffff);
  });
});

describe('a split', () => {
  it('loses and doubles no sample, and each file begins at 0', () => {
    const assembly = createAssembly({ splitEverySeconds: 600 });
    assembly.take(init);
    for (const fragment of liveSeconds(init, 0, 1500)) assembly.take(fragment, fragment.endSeconds);
    assembly.end();
    expect(assembly.files.map(({ segment, reason }) => [segment, reason])).toEqual([
      [1, 'Split'],
      [2, 'Split'],
      [3, 'End'],
    ]);
    const all = assembly.files.flatMap(({ fragments }) => fragments);
    expect(sampleNumbers(all, 1)).toEqual(numbers(0, 45_000));
    expect(sampleNumbers(all, 2)).toEqual(numbers(0, Math.ceil((1500 * 48_000) / 1024)));
    for (const file of assembly.files) {
      expect(Math.min(times(file, 1)[0] ?? 1, times(file, 2)[0] ?? 1)).toBe(0);
      expect(times(file, 1)[0]).toBeLessThan(0.022);
      expect(overlaps(file)).toBe(0);
    }
    const seconds = assembly.files.reduce((sum, file) => sum + (file.durationSeconds ?? 0), 0);
    expect(assembly.timeline.durationSeconds).toBeCloseTo(seconds, 6);
  });

  it('numbers its files from where it is told', () => {
    const assembly = createAssembly({ splitEverySeconds: 2, firstSegment: 4 });
    assembly.take(init);
    for (const fragment of liveSeconds(init, 0, 3)) assembly.take(fragment, fragment.endSeconds);
    assembly.end();
    expect(assembly.files.map(({ segment }) => segment)).toEqual([4, 5]);
  });

  it('waits for a key frame', () => {
    const assembly = createAssembly({ splitEverySeconds: 2 });
    assembly.take(init);
    for (let second = 0; second < 8; second++) {
      const at = { videoStart: second * videoTimescale, audioFrames: 0, key: second % 5 === 0 };
      assembly.take(makeFragment(init, at), second);
    }
    assembly.end();
    expect(assembly.files.map(({ durationSeconds }) => durationSeconds)).toEqual([5, 3]);
  });
});

describe('the longest duration', () => {
  it('is kept over all files, to the sample, and told once', () => {
    const assembly = createAssembly({ splitEverySeconds: 5, maxDurationSeconds: 12.5 });
    assembly.take(init);
    for (const fragment of liveSeconds(init, 0, 20)) assembly.take(fragment, fragment.endSeconds);
    assembly.end();
    expect(assembly.notes).toEqual([{ type: 'full' }]);
    expect(assembly.timeline.durationSeconds).toBeLessThanOrEqual(12.5);
    expect(assembly.timeline.durationSeconds).toBeGreaterThan(12.45);
    expect(assembly.files).toHaveLength(3);
  });

  it('ends the last file where the next would begin', () => {
    const assembly = createAssembly({ splitEverySeconds: 5, maxDurationSeconds: 5 });
    const picture = makeInit({ audio: false });
    assembly.take(picture);
    for (const fragment of liveSeconds(picture, 0, 8)) assembly.take(fragment, fragment.endSeconds);
    assembly.end();
    expect(assembly.files.map(({ durationSeconds }) => durationSeconds)).toEqual([5]);
  });
});

describe('a copied source that changes its picture in midstream', () => {
  it('is noticed by its parameter set, and nothing more of the session is passed on', () => {
    const assembly = createAssembly();
    assembly.take(init);
    assembly.take(makeFragment(init, { parameterSet: sps }), 1);
    assembly.take(makeFragment(init, { videoStart: 15_360, parameterSet: otherSps }), 2);
    assembly.take(makeFragment(init, { videoStart: 30_720 }), 3);
    assembly.end();
    expect(assembly.notes).toEqual([{ type: 'formatChanged', trackId: 1 }]);
    expect(assembly.files[0]?.fragments).toHaveLength(1);
  });
});

/** The same with a `tfdt` of version 0, whose last four bytes nobody reads. */
function narrow(fragment: Fragment): Fragment {
  const bytes = fragment.bytes;
  const at = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf('tfdt') + 4;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  view.setUint8(at, 0);
  view.setUint32(at + 4, fragment.tracks[0]?.baseDecodeTime ?? 0);
  return fragment;
}
