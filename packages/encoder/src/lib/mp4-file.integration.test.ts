import { execFileSync } from 'node:child_process';
import { afterAll, describe, expect, it } from 'vitest';
import { createMp4FragmentReader } from './fragment-reader.ts';
import {
  type AssembledFile,
  type Assembly,
  compacted,
  createAssembly,
  finished,
  unfinished,
} from './testing/assembled.ts';
import {
  complaints,
  createFileBench,
  type Encoding,
  encode,
  frameHashes,
  probe,
  readAll,
  streamHashes,
} from './testing/encoded.ts';

const bench = createFileBench();
afterAll(bench.remove);

/** Real encodings of every shape that sources and encoders give. */
const encodings: Readonly<Record<string, Encoding>> = {
  'H.264 and AAC at 48 kHz': { seconds: 4, video: ['-bf', '0', '-g', '30'], audioRate: 48_000 },
  'B-frames and 44.1 kHz': {
    seconds: 4,
    video: ['-bf', '2', '-g', '25', '-b_strategy', '0'],
    audioRate: 44_100,
    frameRate: 25,
  },
  'a key frame every 3 s, in fragments without one': {
    seconds: 7,
    video: ['-bf', '2', '-g', '90'],
    audioRate: 48_000,
  },
  '29.97 frames a second': {
    seconds: 3,
    video: ['-bf', '1', '-g', '30', '-r', '30000/1001'],
    audioRate: 48_000,
  },
  'picture alone': { seconds: 3, video: ['-bf', '2', '-g', '30'] },
  'sound alone': { seconds: 4, audioRate: 44_100 },
};

function assemble(bytes: Uint8Array): { file: AssembledFile; assembly: Assembly } {
  const assembly = createAssembly();
  for (const item of readAll(bytes)) assembly.take(item, 0);
  assembly.end();
  const [file] = assembly.files;
  if (file === undefined) throw new Error('a file expected');
  return { file, assembly };
}

/** Boxes at the top of a file, as mediainfo's own parser sees them. */
function mediainfo(path: string): Record<string, string>[] {
  const out = execFileSync('mediainfo', ['--Output=JSON', path], { encoding: 'utf8' });
  return JSON.parse(out).media.track;
}

describe.each(Object.entries(encodings))('%s', (name, encoding) => {
  const source = encode(encoding);
  const { file } = assemble(source);
  const slug = name.replaceAll(/\W+/g, '-');
  const straight = bench.write(`${slug}-straight.mp4`, source);
  const variants = { unfinished: unfinished(file), finished: finished(file), compact: compacted(file) };

  it.each(Object.entries(variants))(
    'is the same bit for bit as what the encoder wrote: %s',
    (variant, bytes) => {
      const path = bench.write(`${slug}-${variant}.mp4`, bytes);
      expect(complaints(path)).toBe('');
      expect(streamHashes(path)).toBe(streamHashes(straight));
      for (const stream of encoding.video ? ['v'] : ['a']) {
        expect(frameHashes(path, stream)).toEqual(frameHashes(straight, stream));
      }
    },
  );

  it('is an ordinary file in the end: counted, timed, and no fragments to other readers', () => {
    const path = bench.write(`${slug}-whole.mp4`, variants.finished);
    const probed = probe(path);
    expect(Number(probed.format.duration)).toBeCloseTo(encoding.seconds, 1);
    expect(Number(probed.format.start_time)).toBeCloseTo(0, 3);
    const packets = (type: string) => probed.packets.filter((packet) => packet.codec_type === type).length;
    for (const stream of probed.streams) {
      expect(Number(stream.nb_frames)).toBe(packets(stream.codec_type));
      expect(Number(stream.duration)).toBeCloseTo(encoding.seconds, 1);
    }
    const [general, ...tracks] = mediainfo(path);
    expect(general).toMatchObject({ Format: 'MPEG-4', IsStreamable: 'Yes' });
    expect(tracks.filter((track) => Number(track.FrameCount) > 0)).toHaveLength(probed.streams.length);
    expect(general?.IsTruncated).toBeUndefined();
  });

  it('keeps every time as it was, of picture and sound', () => {
    const inFile = probe(bench.write(`${slug}-times.mp4`, variants.finished)).packets;
    const fragments = readAll(source).filter((item) => item.kind === 'fragment');
    const init = readAll(source)[0];
    if (init?.kind !== 'init') throw new Error('an init expected');
    for (const track of init.tracks) {
      const expected = fragments.flatMap((fragment) =>
        fragment.tracks
          .filter((samples) => samples.trackId === track.id)
          .flatMap((samples) => {
            let time = samples.baseDecodeTime;
            return Array.from(samples.durations, (duration, index) => {
              time += duration;
              return (time - duration + (samples.compositionOffsets[index] ?? 0)) / track.timescale;
            });
          }),
      );
      const found = inFile
        .filter((packet) => packet.codec_type === track.type)
        .map((packet) => Number(packet.pts_time));
      expect(found).toHaveLength(expected.length);
      const worst = found.reduce(
        (most, time, index) => Math.max(most, Math.abs(time - (expected[index] ?? 0))),
        0,
      );
      expect(worst).toBeLessThan(0.0005);
    }
  });

  it('plays up to its last fragment when it is cut off there, and a little beyond', () => {
    let end = file.layout.head.length;
    file.fragments.forEach((fragment, index) => {
      end += fragment.bytes.length;
      const path = bench.write(`${slug}-cut.mp4`, variants.unfinished.subarray(0, end));
      expect(complaints(path)).toBe('');
      const seconds = Math.max(...file.fragments.slice(0, index + 1).map((one) => one.endSeconds));
      expect(Number(probe(path).format.duration)).toBeCloseTo(seconds, 0);
    });
  });
});

describe('a file that was cut off anywhere', () => {
  it('is read again up to its last whole fragment and finished', () => {
    const { file } = assemble(encode({ seconds: 4, video: ['-bf', '2', '-g', '30'], audioRate: 48_000 }));
    const bytes = unfinished(file);
    for (const at of [0.35, 0.5, 0.77, 0.99]) {
      const reader = createMp4FragmentReader();
      const assembly = createAssembly();
      for (const item of reader.push(bytes.subarray(0, Math.floor(bytes.length * at))))
        assembly.take(item, 0);
      assembly.end();
      const [again] = assembly.files;
      if (again === undefined) continue;
      expect(reader.end().bytesLeftOver).toBeGreaterThan(0);
      const path = bench.write('again.mp4', finished(again));
      expect(complaints(path)).toBe('');
      expect(again.fragments.length).toBeLessThan(file.fragments.length);
    }
  });
});
