import { describe, expect, it } from 'vitest';
import { presentationTimes } from './fragment-cut.ts';
import { trackEnd } from './fragment-moof.ts';
import type { Fragment } from './media.ts';
import { type AssembledFile, createAssembly } from './testing/assembled.ts';
import {
  audioFrameUnits,
  audioTimescale,
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

/** Decode times of all samples of a track, in seconds of the file. */
function times(file: AssembledFile | undefined, trackId: number): number[] {
  const timescale = trackId === 1 ? videoTimescale : audioTimescale;
  return (file?.fragments ?? []).flatMap((fragment) =>
    fragment.tracks
      .filter((track) => track.trackId === trackId)
      .flatMap((track) => Array.from(presentationTimes(track), (time) => time / timescale)),
  );
}

const endSeconds = (file: AssembledFile | undefined) =>
  Math.max(0, ...(file?.fragments ?? []).map((fragment) => fragment.endSeconds));

/** No sample begins before the one before it has ended. */
function overlaps(file: AssembledFile | undefined): number {
  const ends = new Map<number, number>();
  let count = 0;
  for (const track of (file?.fragments ?? []).flatMap((fragment) => fragment.tracks)) {
    if (track.baseDecodeTime < (ends.get(track.trackId) ?? 0)) count += 1;
    ends.set(track.trackId, trackEnd(track));
  }
  return count;
}

const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

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
    assembly.take(narrow(makeFragment(init, { audioFrames: 0 })), 1);
    assembly.take(makeFragment(init, { videoStart: day, audioFrames: 0 }), 2);
    assembly.end();
    const last = assembly.files[0]?.fragments.at(-1);
    expect(last?.tracks[0]?.baseDecodeTime).toBe(day);
    expect(day).toBeGreaterThan(0xffffffff);
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

describe('a pause', () => {
  const record = (pauseAt: number, resumeAt: number, seconds = 12) => {
    const assembly = createAssembly();
    assembly.take(init);
    let asked = 0;
    for (const fragment of liveSeconds(init, 0, seconds)) {
      const arrival = fragment.endSeconds + latency;
      // Commands come in between, in order of time.
      if (asked === 0 && arrival >= pauseAt) {
        assembly.timeline.pause(pauseAt);
        asked = 1;
      }
      if (asked === 1 && arrival >= resumeAt) {
        assembly.timeline.resume(resumeAt);
        asked = 2;
      }
      assembly.take(fragment, arrival);
    }
    assembly.end();
    return assembly;
  };

  it.each([
    [2.6, 4.3],
    [3.1, 8.1],
    [2.3, 2.6],
    [5.05, 5.06],
  ])(
    'from %d s to %d s leaves out at least that, to the sample, and goes on with a key frame',
    (from, to) => {
      const assembly = record(from, to);
      const [file] = assembly.files;
      const kept = sampleNumbers(file?.fragments ?? [], 1);
      const cutAt = from - latency;
      const goesOnAt = Math.ceil(Number((to - latency).toFixed(6)));
      const before = Math.floor(Number((cutAt * 30).toFixed(3)));
      expect(kept).toEqual([...numbers(0, before), ...numbers(goesOnAt * 30, 360)]);

      // Sound: only whole frames before the cut and after the instant of going on.
      const sound = sampleNumbers(file?.fragments ?? [], 2);
      const frame = audioFrameUnits / audioTimescale;
      const left = sound.filter((number) => number * frame < cutAt);
      expect(left.every((number) => (number + 1) * frame <= cutAt + 1e-4)).toBe(true);
      expect(
        sound
          .filter((number) => number * frame > cutAt)
          .every((number) => number * frame >= to - latency - 1e-4),
      ).toBe(true);

      expect(endSeconds(record(1e6, 1e6).files[0]) - endSeconds(file)).toBeGreaterThanOrEqual(
        to - from - 1e-6,
      );
      expect(overlaps(file)).toBe(0);
      expect(assembly.notes).toEqual([
        {
          type: 'pause',
          startSeconds: expect.closeTo(cutAt, 1),
          durationSeconds: expect.closeTo(goesOnAt - cutAt, 1),
        },
      ]);
    },
  );

  it('keeps sound and picture where they were to each other, however many there are', () => {
    const assembly = createAssembly();
    assembly.take(init);
    for (const fragment of liveSeconds(init, 0, 200)) {
      const arrival = fragment.endSeconds + latency;
      const second = Math.round(fragment.startSeconds);
      if (second % 10 === 4) assembly.timeline.pause(arrival - 0.37);
      if (second % 10 === 7) assembly.timeline.resume(arrival - 0.6);
      assembly.take(fragment, arrival);
    }
    assembly.end();
    const [file] = assembly.files;
    const [frames, samples] = [times(file, 1), times(file, 2)];
    const fragments = file?.fragments ?? [];
    const picture = new Map(
      sampleNumbers(fragments, 1).map((number, index) => [number / 30, frames[index] ?? 0]),
    );
    const sound = sampleNumbers(fragments, 2).map((number, index) => [
      number * (1024 / 48_000),
      samples[index] ?? 0,
    ]);
    const drifts = sound.flatMap(([captured = 0, shown = 0]) => {
      const frame = picture.get(Math.floor(captured));
      return frame === undefined ? [] : [Math.abs(captured - Math.floor(captured) - (shown - frame))];
    });
    expect(drifts.length).toBeGreaterThan(1000);
    expect(Math.max(...drifts)).toBeLessThan(0.0001);
    expect(overlaps(file)).toBe(0);
    expect(assembly.notes.filter((note) => note.type === 'pause')).toHaveLength(20);
  });

  it('asked for again changes nothing, nor does going on unasked', () => {
    const assembly = createAssembly();
    assembly.take(init);
    assembly.timeline.resume(0);
    for (const fragment of liveSeconds(init, 0, 3)) assembly.take(fragment, fragment.endSeconds);
    assembly.timeline.pause(3);
    assembly.timeline.pause(5);
    assembly.timeline.resume(6);
    assembly.timeline.resume(8);
    for (const fragment of liveSeconds(init, 3, 10)) assembly.take(fragment, fragment.endSeconds);
    assembly.end();
    expect(sampleNumbers(assembly.files[0]?.fragments ?? [], 1)).toEqual([
      ...numbers(0, 90),
      ...numbers(180, 300),
    ]);
  });

  it('that follows another before a key frame came makes one of them', () => {
    const assembly = createAssembly();
    assembly.take(init);
    for (const fragment of liveSeconds(init, 0, 2)) assembly.take(fragment, fragment.endSeconds);
    assembly.timeline.pause(2.2);
    assembly.timeline.resume(2.4);
    assembly.timeline.pause(2.6);
    for (const fragment of liveSeconds(init, 2, 5)) assembly.take(fragment, fragment.endSeconds);
    assembly.timeline.resume(5.5);
    for (const fragment of liveSeconds(init, 5, 8)) assembly.take(fragment, fragment.endSeconds);
    assembly.end();
    expect(sampleNumbers(assembly.files[0]?.fragments ?? [], 1)).toEqual([
      ...numbers(0, 66),
      ...numbers(180, 240),
    ]);
    expect(assembly.notes).toHaveLength(1);
  });

  it('in which the recording ends is told', () => {
    const assembly = createAssembly();
    assembly.take(init);
    for (const fragment of liveSeconds(init, 0, 3)) assembly.take(fragment, fragment.endSeconds);
    assembly.timeline.pause(3);
    for (const fragment of liveSeconds(init, 3, 7)) assembly.take(fragment, fragment.endSeconds);
    assembly.end();
    expect(assembly.notes).toEqual([
      { type: 'pause', startSeconds: expect.closeTo(3, 1), durationSeconds: expect.closeTo(4, 1) },
    ]);
  });

  it('finds its instant even where media is held up on its way now and then', () => {
    const assembly = createAssembly();
    assembly.take(init);
    let arrival = 0;
    for (const fragment of liveSeconds(init, 0, 20)) {
      const late = Math.round(fragment.startSeconds) % 5 === 2 ? 0.9 : latency;
      arrival = Math.max(arrival, fragment.endSeconds + late);
      if (fragment.startSeconds >= 12 && fragment.startSeconds < 12.9) assembly.timeline.pause(12.6);
      assembly.take(fragment, arrival);
    }
    assembly.end();
    expect(sampleNumbers(assembly.files[0]?.fragments ?? [], 1)).toHaveLength(375);
  });

  it('cuts a picture with B-frames so that what remains is whole and shows no hole', () => {
    const assembly = createAssembly();
    assembly.take(init);
    // I P B B P B B …: shown at 0, 3, 1, 2, 6, 4, 5, …
    const fragment = makeFragment(init, {
      compositionOffsets: [512, 1536, 0, 0].map((units) => units),
      frames: 1,
    });
    const frames = makeFragment(init, {
      compositionOffsets: [0, 1024, -512, -512, 1024, -512, -512],
      frames: 29,
    });
    expect(fragment.tracks).toHaveLength(2);
    assembly.timeline.pause(10 / 30);
    assembly.take(frames, frames.endSeconds);
    assembly.end();
    const shown = times(assembly.files[0], 1).map((time) => Math.round(time * 30));
    expect(shown.length).toBeGreaterThan(5);
    expect([...shown].sort((one, other) => one - other)).toEqual(numbers(0, shown.length));
    expect(Math.max(...shown)).toBeLessThan(10);
  });

  it('of sound alone is cut at both ends to the sample', () => {
    const soundInit = makeInit({ video: false });
    const assembly = createAssembly();
    assembly.take(soundInit);
    assembly.timeline.pause(2.5);
    assembly.timeline.resume(4.25);
    for (const fragment of liveSeconds(soundInit, 0, 6)) assembly.take(fragment, fragment.endSeconds);
    assembly.end();
    const sound = sampleNumbers(assembly.files[0]?.fragments ?? [], 2);
    const frame = 1024 / 48_000;
    const gap = sound.findIndex((number, index) => number !== index);
    expect((gap - 1) * frame + frame).toBeLessThanOrEqual(2.5 + 1e-6);
    expect(2.5 - gap * frame).toBeLessThan(frame);
    expect((sound[gap] ?? 0) * frame - 4.25).toBeGreaterThanOrEqual(0);
    expect((sound[gap] ?? 0) * frame - 4.25).toBeLessThan(2 * frame);
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

describe('a new session', () => {
  it('goes on in the same file, all tracks shifted alike, and tells the gap', () => {
    const assembly = createAssembly();
    assembly.take(init);
    // The sound ends 85 ms before the picture.
    assembly.take(makeFragment(init, { audioFrames: 43 }), 1.1);
    assembly.timeline.startSession(makeInit(), 'SourceLost');
    // Here it begins 20 ms after it.
    const next = makeFragment(init, {
      videoStart: 500 * videoTimescale,
      audioStart: 500 * audioTimescale + 960,
    });
    assembly.take(next, 9.1);
    assembly.end();
    const [file] = assembly.files;
    expect(assembly.files).toHaveLength(1);
    expect(overlaps(file)).toBe(0);
    expect(times(file, 1)[30]).toBeCloseTo(1, 4);
    expect((times(file, 2)[43] ?? 0) - (times(file, 1)[30] ?? 0)).toBeCloseTo(0.02, 4);
    expect(assembly.notes).toEqual([
      {
        type: 'gap',
        startSeconds: 1,
        durationSeconds: expect.closeTo(8 - next.endSeconds + next.startSeconds, 3),
        reason: 'SourceLost',
      },
    ]);
  });

  it('overlaps no track, whichever ended last', () => {
    for (const audioFrames of [40, 47, 60]) {
      const assembly = createAssembly();
      assembly.take(init);
      assembly.take(makeFragment(init, { audioFrames, compositionOffsets: [1024] }), 1);
      assembly.timeline.startSession(makeInit(), 'EncoderFailed');
      assembly.take(makeFragment(init, { audioStart: 3000, videoStart: 2048 }), 5);
      assembly.end();
      expect(overlaps(assembly.files[0])).toBe(0);
      const shown = times(assembly.files[0], 1);
      expect(shown).toEqual([...shown].sort((one, other) => one - other));
    }
  });

  it('with other bit rates in its description still shares the file', () => {
    const assembly = createAssembly();
    assembly.take(makeInit({ bitrate: 64_000 }));
    assembly.take(makeFragment(init, {}), 1);
    assembly.take(makeInit({ bitrate: 96_123 }));
    assembly.take(makeFragment(init, {}), 5);
    assembly.end();
    expect(assembly.files).toHaveLength(1);
  });

  it.each([
    ['another parameter set', makeInit({ spsBytes: otherSps })],
    ['no sound', makeInit({ audio: false })],
  ])('with %s begins the next file', (_, next) => {
    const assembly = createAssembly();
    assembly.take(init);
    assembly.take(makeFragment(init, {}), 1);
    assembly.timeline.startSession(next, 'FormatChanged');
    assembly.take(makeFragment(next, {}), 5);
    assembly.end();
    expect(assembly.files.map(({ reason, segment }) => [reason, segment])).toEqual([
      ['FormatChanged', 1],
      ['End', 2],
    ]);
    expect(times(assembly.files[1], 1)[0]).toBe(0);
    expect(assembly.notes).toMatchObject([{ type: 'gap', reason: 'FormatChanged' }]);
  });

  it('during a pause is no gap, and one that outlasts it is one for the rest', () => {
    const assembly = createAssembly();
    assembly.take(init);
    for (const fragment of liveSeconds(init, 0, 10)) assembly.take(fragment, fragment.endSeconds);
    assembly.timeline.pause(10);
    assembly.timeline.startSession(makeInit(), 'SourceLost');
    assembly.take(makeFragment(init, {}), 14);
    assembly.timeline.resume(14.9);
    assembly.take(makeFragment(init, { videoStart: 2 * videoTimescale, audioStart: 96_256 }), 16);
    expect(assembly.notes).toEqual([
      { type: 'pause', startSeconds: expect.closeTo(10, 1), durationSeconds: expect.closeTo(5, 1) },
    ]);

    assembly.timeline.pause(16);
    assembly.timeline.startSession(makeInit(), 'SourceLost');
    assembly.timeline.resume(20);
    assembly.take(makeFragment(init, {}), 31);
    assembly.end();
    expect(assembly.notes.slice(1)).toEqual([
      {
        type: 'gap',
        startSeconds: expect.closeTo(11, 1),
        durationSeconds: expect.closeTo(10, 1),
        reason: 'SourceLost',
      },
      { type: 'pause', startSeconds: expect.closeTo(11, 1), durationSeconds: expect.closeTo(4, 1) },
    ]);
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
