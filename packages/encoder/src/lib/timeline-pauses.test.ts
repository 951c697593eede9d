import { describe, expect, it } from 'vitest';
import { createAssembly } from './testing/assembled.ts';
import { endSeconds, numbers, overlaps, times } from './testing/measured.ts';
import {
  audioFrameUnits,
  audioTimescale,
  liveSeconds,
  makeFragment,
  makeInit,
  sampleNumbers,
} from './testing/synthetic.ts';

const init = makeInit();
/** How long after its end a fragment arrives here. */
const latency = 0.1;

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
