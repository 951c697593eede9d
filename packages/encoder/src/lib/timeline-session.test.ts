import { describe, expect, it } from 'vitest';
import { createAssembly } from './testing/assembled.ts';
import { overlaps, times } from './testing/measured.ts';
import {
  audioTimescale,
  liveSeconds,
  makeFragment,
  makeInit,
  otherSps,
  videoTimescale,
} from './testing/synthetic.ts';

const init = makeInit();

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

  it('shares the file when a parameter set has nothing but a zero more, as in the middle of MPEG-TS', () => {
    const assembly = createAssembly();
    assembly.take(makeInit({ ppsBytes: Uint8Array.from([0x68, 0xeb]) }));
    assembly.take(makeFragment(init, {}), 1);
    assembly.take(makeInit({ ppsBytes: Uint8Array.from([0x68, 0xeb, 0]) }));
    assembly.take(makeFragment(init, {}), 5);
    assembly.take(makeInit({ ppsBytes: Uint8Array.from([0x68, 0xec]) }));
    assembly.take(makeFragment(init, {}), 9);
    assembly.end();
    expect(assembly.files.map(({ durationSeconds }) => durationSeconds)).toEqual([
      expect.closeTo(2, 1),
      expect.closeTo(1, 1),
    ]);
  });

  it('leaves out what it brings once more, and tells no gap where there is none', () => {
    const assembly = createAssembly();
    assembly.take(init);
    for (const second of liveSeconds(init, 0, 4)) assembly.take(second, second.endSeconds);
    // Killed in the middle of a second; what was a time of 2 s is one of 0.5 s now.
    const again = makeInit();
    assembly.timeline.startSession(again, 'EncoderFailed');
    assembly.timeline.continueSession(-1.5, true);
    for (let start = 0.5; start < 6.5; start += 1) {
      const from = start + 1.5;
      const fragment = makeFragment(again, {
        videoStart: start * videoTimescale,
        audioStart: Math.ceil(from * 46.875) * 1024 - 1.5 * audioTimescale,
        audioFrames: Math.ceil((from + 1) * 46.875) - Math.ceil(from * 46.875),
      });
      assembly.take(fragment, 6 + fragment.endSeconds / 100);
    }
    assembly.end();
    expect(assembly.notes).toEqual([]);
    const [file] = assembly.files;
    expect(assembly.files).toHaveLength(1);
    expect(overlaps(file)).toBe(0);
    const shown = times(file, 1);
    expect(shown).toHaveLength(8 * 30);
    expect(shown.every((time, index) => Math.abs(time - index / 30) < 0.001)).toBe(true);
    expect(times(file, 2)).toHaveLength(8 * 46.875);
  });

  it('begins with the first key frame behind what something else has recorded', () => {
    const assembly = createAssembly();
    assembly.take(init);
    assembly.timeline.startAt(1.5);
    for (const second of liveSeconds(init, 0, 4)) assembly.take(second, 5);
    assembly.end();
    expect(assembly.files[0]?.durationSeconds).toBeCloseTo(2, 1);
    expect(assembly.notes).toEqual([]);
  });

  it('waits for a key frame where its samples are others, and tells that much', () => {
    const assembly = createAssembly();
    assembly.take(init);
    for (const second of liveSeconds(init, 0, 4)) assembly.take(second, second.endSeconds);
    assembly.timeline.startSession(makeInit(), 'EncoderFailed');
    // Its key frames come half a second after those of the session before.
    assembly.timeline.continueSession(-1.5, false);
    for (const second of liveSeconds(init, 0, 6)) assembly.take(second, 6);
    assembly.end();
    expect(assembly.files[0]?.durationSeconds).toBeCloseTo(7, 1);
    expect(assembly.notes).toEqual([
      {
        type: 'gap',
        startSeconds: expect.closeTo(4, 1),
        durationSeconds: expect.closeTo(0.5, 1),
        reason: 'EncoderFailed',
      },
    ]);
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
