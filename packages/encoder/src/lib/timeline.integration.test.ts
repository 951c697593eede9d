import { afterAll, describe, expect, it } from 'vitest';
import { type AssembledFile, createAssembly, finished, unfinished } from './testing/assembled.ts';
import {
  complaints,
  createFileBench,
  encode,
  ffmpeg,
  frameHashes,
  probe,
  readAll,
} from './testing/encoded.ts';

const bench = createFileBench();
afterAll(bench.remove);

const withoutReordering = ['-bf', '0', '-g', '30'];
const withBFrames = ['-bf', '2', '-g', '30', '-b_strategy', '0'];
const ends = (file: AssembledFile | undefined) =>
  Math.max(0, ...(file?.fragments ?? []).map((one) => one.endSeconds));

const packets = (path: string, type: string) =>
  probe(path).packets.filter((packet) => packet.codec_type === type);

/** Media that is delivered as it is captured. */
function record(
  source: Uint8Array,
  commands: readonly (readonly [number, 'pause' | 'resume'])[],
  split = 7200,
) {
  const assembly = createAssembly({ splitEverySeconds: split });
  const left = [...commands];
  for (const item of readAll(source)) {
    const arrival = item.kind === 'init' ? 0 : item.endSeconds + 0.05;
    for (let next = left[0]; next !== undefined && next[0] <= arrival; next = left[0]) {
      assembly.timeline[next[1]](next[0]);
      left.shift();
    }
    assembly.take(item, arrival);
  }
  assembly.end();
  return assembly;
}

describe.each([
  ['without B-frames', withoutReordering],
  ['with B-frames', withBFrames],
])('a pause in a real recording %s', (name, video) => {
  const source = encode({ seconds: 10, video, audioRate: 48_000 });
  const straight = bench.write(`${name}-straight.mp4`, source);
  const assembly = record(source, [
    [2.5, 'pause'],
    [4.4, 'resume'],
    [6.21, 'pause'],
    [7.3, 'resume'],
  ]);
  const [file] = assembly.files;
  if (file === undefined) throw new Error('a file expected');

  it.each([
    ['finished', finished(file)],
    ['unfinished', unfinished(file)],
  ])('decodes without a word, and shows frames of the source only: %s', (variant, bytes) => {
    const path = bench.write(`${name}-${variant}.mp4`, bytes);
    expect(complaints(path)).toBe('');
    const all = frameHashes(straight, 'v');
    const indexes = frameHashes(path, 'v').map((hash) => all.indexOf(hash));
    // Two cuts: everything else follows on.
    const jumps = indexes.flatMap((at, index) =>
      index > 0 && at !== (indexes[index - 1] ?? 0) + 1 ? [at] : [],
    );
    expect(jumps).toEqual([150, 240]);
    expect(indexes[0]).toBe(0);
    expect(indexes.at(-1)).toBe(299);
  });

  it('takes out at least what was asked for, of sound and picture alike', () => {
    const asked = 4.4 - 2.5 + 7.3 - 6.21;
    const path = bench.write(`${name}-length.mp4`, finished(file));
    const before = probe(straight);
    const after = probe(path);
    for (const type of ['video', 'audio']) {
      const seconds = (probed: typeof after) =>
        Number(probed.streams.find((stream) => stream.codec_type === type)?.duration);
      expect(seconds(before) - seconds(after)).toBeGreaterThanOrEqual(asked - 0.001);
    }
    const told = assembly.notes.reduce(
      (sum, note) => sum + (note.type === 'pause' ? note.durationSeconds : 0),
      0,
    );
    expect(Math.abs(10 - ends(file) - told)).toBeLessThan(0.08);
  });
});

describe('a real recording that is split', () => {
  it('loses nothing: the files joined are the recording', () => {
    const source = encode({ seconds: 10, video: withBFrames, audioRate: 44_100 });
    const straight = bench.write('split-straight.mp4', source);
    const files = record(source, [], 4).files.map((file, index) =>
      bench.write(`split-${index}.mp4`, finished(file)),
    );
    expect(files).toHaveLength(3);
    for (const path of files) {
      expect(complaints(path)).toBe('');
      expect(Number(probe(path).format.start_time)).toBeCloseTo(0, 3);
    }
    for (const stream of ['v', 'a']) {
      const raw = (path: string) =>
        ffmpeg(['-i', path, '-map', `0:${stream}`, '-c', 'copy', '-f', 'data', '-']);
      expect(Buffer.concat(files.map(raw)).equals(raw(straight))).toBe(true);
    }
    expect(files.flatMap((path) => frameHashes(path, 'v'))).toEqual(frameHashes(straight, 'v'));
  });
});

describe('an encoder that was started again', () => {
  it('goes on in the same file, in step', () => {
    const assembly = createAssembly();
    for (let start = 0; start < 3; start++) {
      const source = encode({ seconds: 2.3, video: withBFrames, audioRate: 48_000 });
      for (const item of readAll(source))
        assembly.take(item, start * 10 + (item.kind === 'init' ? 0 : item.endSeconds));
    }
    assembly.end();
    expect(assembly.files).toHaveLength(1);
    const [file] = assembly.files;
    if (file === undefined) throw new Error('a file expected');
    const path = bench.write('restarted.mp4', finished(file));
    expect(complaints(path)).toBe('');
    expect(packets(path, 'video')).toHaveLength(3 * 69);
    expect(assembly.notes).toMatchObject([{ type: 'gap' }, { type: 'gap' }]);
    const first = (type: string, nth: number) => {
      const count = packets(path, type).length / 3;
      return Number(packets(path, type)[nth * count]?.pts_time);
    };
    for (const nth of [1, 2]) {
      expect(first('audio', nth) - first('video', nth)).toBeCloseTo(first('audio', 0) - first('video', 0), 3);
    }
  });

  it('with another size begins another file', () => {
    const assembly = createAssembly();
    for (const size of ['160x90', '192x108']) {
      for (const item of readAll(encode({ seconds: 1, video: withoutReordering, size })))
        assembly.take(item, 0);
    }
    assembly.end();
    const paths = assembly.files.map((file, index) => bench.write(`sizes-${index}.mp4`, finished(file)));
    expect(paths.map(complaints)).toEqual(['', '']);
    expect(assembly.files.map(({ reason }) => reason)).toEqual(['FormatChanged', 'End']);
  });
});

describe('a stream that carries its parameter sets in band', () => {
  it('is found to have changed its size', () => {
    const segment = (size: string) =>
      ffmpeg([
        '-f',
        'lavfi',
        '-i',
        `testsrc2=s=${size}:r=30`,
        '-t',
        '2',
        '-c:v',
        'libx264',
        '-preset',
        'ultrafast',
        '-g',
        '30',
        '-f',
        'mpegts',
        '-',
      ]);
    const joined = Buffer.concat([segment('160x90'), segment('192x108')]);
    const copy = ffmpeg(
      [
        '-f',
        'mpegts',
        '-i',
        'pipe:0',
        '-c',
        'copy',
        '-movflags',
        'frag_keyframe+empty_moov+default_base_moof+negative_cts_offsets',
        '-f',
        'mp4',
        'pipe:1',
      ],
      joined,
    );
    const assembly = createAssembly();
    for (const item of readAll(copy)) assembly.take(item, 0);
    assembly.end();
    expect(assembly.notes.map(({ type }) => type)).toContain('formatChanged');
    expect(assembly.timeline.durationSeconds).toBeCloseTo(2, 0);
  });
});
