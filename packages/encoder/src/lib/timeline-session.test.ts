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
