import { describe, expect, it } from 'vitest';
import { type Box, boxesIn, findBox, readUint64, viewOf } from './box-read.ts';
import type { Fragment } from './media.ts';
import { createMp4File } from './mp4-file.ts';
import { mp4Filler } from './mp4-filler.ts';
import { compacted, createAssembly, finished, sizeOf, unfinished } from './testing/assembled.ts';
import { liveSeconds, makeFragment, makeInit } from './testing/synthetic.ts';

const init = makeInit();

const layoutOf = (bytes: Uint8Array) => [...boxesIn(bytes, 0, bytes.length)].map(({ type }) => type);
const whole = (bytes: Uint8Array) => ({ body: 0, end: bytes.length });

/** Table boxes of the nth track of the index. */
function tables(bytes: Uint8Array, track: number): (...path: string[]) => Box | undefined {
  const moov = findBox(bytes, whole(bytes), 'moov');
  if (moov === undefined) throw new Error('no moov');
  const trak = [...boxesIn(bytes, moov.body, moov.end)].filter(({ type }) => type === 'trak')[track];
  return (...path) => trak && findBox(bytes, trak, ...path);
}

const stbl = ['mdia', 'minf', 'stbl'];

function assemble(fragments: Iterable<Fragment>) {
  const assembly = createAssembly();
  assembly.take(init);
  for (const fragment of fragments) assembly.take(fragment, 0);
  assembly.end();
  const [file] = assembly.files;
  if (file === undefined) throw new Error('a file expected');
  return file;
}

describe('the MP4 file', () => {
  it('is a fragmented file with reserved room until its end', () => {
    const file = assemble(liveSeconds(init, 0, 3));
    const fragment = ['moof', 'mdat'];
    const start = ['ftyp', 'free', 'free', 'moov'];
    expect(layoutOf(unfinished(file))).toEqual([...start, ...fragment, ...fragment, ...fragment]);
  });

  it('changes nothing but its head at the end, and is then an ordinary file with its index in front', () => {
    const file = assemble(liveSeconds(init, 0, 3));
    const { head, tail } = file.layout.finish(sizeOf(file));
    expect(tail).toBeUndefined();
    expect(head.length).toBeLessThanOrEqual(file.layout.head.length);
    const bytes = finished(file);
    expect(bytes.length).toBe(unfinished(file).length);
    expect(layoutOf(bytes)).toEqual(['ftyp', 'moov', 'free', 'mdat']);
    expect(findBox(bytes, whole(bytes), 'mdat')?.end).toBe(bytes.length);
  });

  it('points at every sample', () => {
    const file = assemble(liveSeconds(init, 0, 3));
    for (const bytes of [finished(file), compacted(file)]) {
      const view = viewOf(bytes);
      const find = tables(bytes, 0);
      const stco = find(...stbl, 'stco');
      const stsz = find(...stbl, 'stsz');
      if (!stco || !stsz) throw new Error('tables expected');
      expect(view.getUint32(stsz.body + 8)).toBe(90);
      const chunks = Array.from({ length: view.getUint32(stco.body + 4) }, (_, n) =>
        view.getUint32(stco.body + 8 + 4 * n),
      );
      // Samples are a NAL unit of 5 bytes, the last four of which count the frames.
      expect(chunks.map((at) => view.getUint32(at + 5))).toEqual([0, 30, 60]);
    }
  });

  it('needs no reserved room while it is still in memory', () => {
    const file = assemble(liveSeconds(init, 0, 3));
    const bytes = compacted(file);
    expect(layoutOf(bytes)).toEqual(['ftyp', 'moov', 'mdat']);
    expect(bytes.length).toBeLessThan(unfinished(file).length - 8192);
  });

  it('puts an index that outgrew its room at the end', () => {
    const layout = createMp4File({ init, maxSeconds: 1 });
    let size = layout.head.length;
    const units = [layout.head];
    for (const fragment of liveSeconds(init, 0, 100)) {
      layout.add(fragment, size);
      units.push(fragment.bytes);
      size += fragment.bytes.length;
    }
    const { head, tail } = layout.finish(size);
    const bytes = Buffer.concat([...units, tail ?? new Uint8Array()]);
    bytes.set(head);
    expect(layoutOf(bytes)).toEqual(['ftyp', 'free', 'mdat', 'moov']);
    expect(layout.durationSeconds).toBeCloseTo(100, 1);
  });

  it('says at its end where it can be entered when its head stays', () => {
    const layout = createMp4File({ init, maxSeconds: 7200, headStays: true });
    const units = [layout.head];
    let size = layout.head.length;
    const starts: number[] = [];
    for (const fragment of liveSeconds(init, 0, 3)) {
      layout.add(fragment, size);
      starts.push(size);
      units.push(fragment.bytes);
      size += fragment.bytes.length;
    }
    const bytes = Buffer.concat([...units, layout.trailer()]);
    expect(layoutOf(bytes)).toEqual([
      'ftyp',
      'free',
      'free',
      'moov',
      ...starts.flatMap(() => ['moof', 'mdat']),
      'mfra',
    ]);
    expect(layout.head.length).toBeLessThan(2048);
    const mfra = findBox(bytes, whole(bytes), 'mfra');
    if (mfra === undefined) throw new Error('no mfra');
    expect(viewOf(bytes).getUint32(bytes.length - 4)).toBe(bytes.length - mfra.start);
    const tfra = [...boxesIn(bytes, mfra.body, mfra.end)].filter(({ type }) => type === 'tfra');
    expect(tfra.map(({ body }) => viewOf(bytes).getUint32(body + 4))).toEqual([1, 2]);
    const [picture] = tfra.map(({ body }) => {
      const count = viewOf(bytes).getUint32(body + 12);
      return Array.from({ length: count }, (_, n) => [
        readUint64(viewOf(bytes), body + 16 + 19 * n),
        readUint64(viewOf(bytes), body + 24 + 19 * n),
      ]);
    });
    expect(picture).toEqual(starts.map((start, second) => [second * 15_360, start]));
  });

  it('writes 64-bit sizes and offsets above 4 GiB', () => {
    const layout = createMp4File({ init, maxSeconds: 60 });
    const far = 6 * 1024 ** 3 + 12_345;
    const [first, second] = [...liveSeconds(init, 0, 2)];
    if (!first || !second) throw new Error('fragments expected');
    layout.add(first, layout.head.length);
    layout.add(second, far);
    const size = far + second.bytes.length;
    const { head } = layout.finish(size);
    const view = viewOf(head);
    const mdatAt = head.length - 16;
    expect(view.getUint32(mdatAt)).toBe(1);
    expect(readUint64(view, mdatAt + 8)).toBe(size - mdatAt);
    const co64 = tables(head, 0)(...stbl, 'co64');
    expect(tables(head, 0)(...stbl, 'stco')).toBeUndefined();
    expect(readUint64(view, (co64?.body ?? 0) + 16)).toBe(far + (second.tracks[0]?.offsets[0] ?? 0));
  });

  it('keeps the index of two hours small', () => {
    const layout = createMp4File({ init, maxSeconds: 7200 });
    const [sample] = [...liveSeconds(init, 0, 1)];
    if (sample === undefined) throw new Error('a fragment expected');
    globalThis.gc?.();
    const before = process.memoryUsage();
    const started = performance.now();
    for (let second = 0; second < 7200; second++) {
      for (const track of sample.tracks)
        track.baseDecodeTime = second * (track.trackId === 1 ? 15_360 : 48_128);
      layout.add(sample, layout.head.length + second * 400_000);
    }
    const { head, tail } = layout.finish(layout.head.length + 7200 * 400_000);
    const moov = findBox(head, whole(head), 'moov');
    expect(tail).toBeUndefined();
    expect((moov?.end ?? 0) - (moov?.start ?? 0)).toBeLessThan(3_000_000);
    expect(performance.now() - started).toBeLessThan(3000);
    const after = process.memoryUsage();
    expect(after.arrayBuffers - before.arrayBuffers).toBeLessThan(64 * 1024 * 1024);
  });

  it('reserves no more than one can send twice', () => {
    expect(createMp4File({ init, maxSeconds: 86_400, frameRate: 60 }).head.length).toBeLessThan(
      9 * 1024 * 1024,
    );
    const hour = createMp4File({ init, maxSeconds: 3600 }).head.length;
    expect(createMp4File({ init, maxSeconds: 3600, frameRate: 60 }).head.length).toBeGreaterThan(hour * 1.3);
  });

  it('keeps a track that begins late where it is', () => {
    const file = assemble([makeFragment(init, { audioStart: 4800 })]);
    const bytes = finished(file);
    expect(tables(bytes, 0)('edts')).toBeUndefined();
    const elst = tables(bytes, 1)('edts', 'elst');
    const view = viewOf(bytes);
    const at = (elst?.body ?? 0) + 8;
    // Nothing for 0.1 s of a movie with 90,000 units a second, then all from the start.
    expect(readUint64(view, at)).toBe(9000);
    expect(view.getInt32(at + 8)).toBe(-1);
    expect(readUint64(view, at + 28)).toBe(0);
  });

  it('names what is shown first where decoding begins earlier', () => {
    const file = assemble([makeFragment(init, { compositionOffsets: [1024], audioFrames: 0 })]);
    const bytes = finished(file);
    const elst = tables(bytes, 0)('edts', 'elst');
    expect(readUint64(viewOf(bytes), (elst?.body ?? 0) + 16)).toBe(1024);
    expect(tables(bytes, 1)('tkhd')).toBeUndefined();
  });

  it('lets a sample last until the next one where something is missing', () => {
    const file = assemble([
      makeFragment(init, { audioFrames: 0 }),
      makeFragment(init, { audioFrames: 0, videoStart: 15_360 + 100 }),
    ]);
    const bytes = finished(file);
    const stts = tables(bytes, 0)(...stbl, 'stts');
    const view = viewOf(bytes);
    const values = Array.from({ length: 7 }, (_, index) => view.getUint32((stts?.body ?? 0) + 4 + 4 * index));
    expect(values).toEqual([3, 29, 512, 1, 612, 30, 512]);
  });
});

describe('a filler', () => {
  it.each([8, 9, 4096])('of %d bytes is a box that readers pass over', (size) => {
    const filler = mp4Filler(size);
    expect(filler.length).toBe(size);
    expect([...boxesIn(filler, 0, size)]).toMatchObject([{ type: 'free', start: 0, end: size }]);
  });

  it('cannot be smaller than a box', () => {
    expect(() => mp4Filler(7)).toThrow(RangeError);
  });
});
