import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createMp4File,
  createMp4FragmentReader,
  createTimeline,
  type Fragment,
  type Mp4File,
  mp4Filler,
  type TimelineEvent,
} from '@tapedeck/encoder';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runChild } from './child.ts';
import type { FfmpegPrograms } from './ffmpeg-71.ts';
import { decodeAll, decodeAt, inspect, inspectOtherwise } from './inspect.ts';
import { packetTimes } from './inspect-packets.ts';

const seconds = 6;

/** What a sink would hold: the layout, and the file as it is before its end. */
interface Written {
  readonly layout: Mp4File;
  readonly bytes: Buffer;
  readonly fragments: readonly Fragment[];
}

/** `maxSeconds`: what the room for the index is reserved for. */
function write(source: Uint8Array, maxSeconds: number, headStays = false): Written {
  const timeline = createTimeline({ splitEverySeconds: 7200 });
  const fragments: Fragment[] = [];
  let layout: Mp4File | undefined;
  const carryOut = (event: TimelineEvent) => {
    if (event.type === 'open') layout = createMp4File({ init: event.init, maxSeconds, headStays });
    if (event.type === 'fragment') fragments.push(event.fragment);
  };
  for (const item of createMp4FragmentReader().push(source)) {
    const events = item.kind === 'init' ? timeline.startSession(item) : timeline.add(item, item.endSeconds);
    events.forEach(carryOut);
  }
  timeline.end();
  if (layout === undefined) throw new Error('ffmpeg wrote no fragment');
  let size = layout.head.length;
  for (const fragment of fragments) {
    layout.add(fragment, size);
    size += fragment.bytes.length;
  }
  return { layout, fragments, bytes: Buffer.concat([layout.head, ...fragments.map(({ bytes }) => bytes)]) };
}

function finish({ layout, bytes }: Written): Buffer {
  const { head, tail } = layout.finish(bytes.length);
  const finished = Buffer.from(bytes);
  finished.set(head);
  return Buffer.concat([finished, tail ?? new Uint8Array()]);
}

/** Appended only, with filler between the last fragment and the end as an upload in multiples of something has it. */
function withTrailer({ layout, bytes }: Written): Buffer {
  return Buffer.concat([bytes, mp4Filler(100), layout.trailer()]);
}

function compact({ layout, bytes }: Written): Buffer {
  const { length, bytes: start } = layout.compact(bytes.length);
  return Buffer.concat([start, bytes.subarray(length)]);
}

/** Presentation times of the picture as the fragments have them, in order. */
function plannedTimes(fragments: readonly Fragment[], timescale: number): number[] {
  const times = fragments.flatMap(({ tracks }) =>
    tracks
      .filter(({ trackId }) => trackId === 1)
      .flatMap((track) => {
        let time = track.baseDecodeTime;
        return Array.from(track.durations, (duration, index) => {
          time += duration;
          return (time - duration + (track.compositionOffsets[index] ?? 0)) / timescale;
        });
      }),
  );
  return times.sort((one, other) => one - other);
}

/** Files out of one ffmpeg's fragments, read by that ffmpeg, by the system's, and by a demuxer of other make. */
export function describeMp4Files(name: string, programs: FfmpegPrograms): void {
  describe.each([
    ['without B-frames', ['-bf', '0']],
    ['with B-frames', ['-bf', '2', '-b_strategy', '0']],
  ])(`files of fragments by ${name}, %s`, (_, reordering) => {
    let directory = '';
    let written: Written;
    let appended: Written;
    let source: Buffer;
    beforeAll(async () => {
      directory = await mkdtemp(join(tmpdir(), 'tapedeck-files-'));
      source = await runChild(programs.ffmpeg, [
        ...[
          '-nostdin',
          '-v',
          'error',
          '-f',
          'lavfi',
          '-i',
          'testsrc2=s=320x180:r=30',
          '-f',
          'lavfi',
          '-i',
          'sine=r=48000',
        ],
        ...[
          '-t',
          `${seconds}`,
          '-c:v',
          'libx264',
          '-preset',
          'ultrafast',
          '-g',
          '30',
          ...reordering,
          '-c:a',
          'aac',
        ],
        ...['-movflags', 'frag_keyframe+empty_moov+default_base_moof+negative_cts_offsets'],
        ...['-video_track_timescale', '90000', '-flush_packets', '1', '-f', 'mp4', 'pipe:1'],
      ]);
      written = write(source, 3600);
      appended = write(source, 3600, true);
    });
    afterAll(async () => await rm(directory, { recursive: true, force: true }));

    const variants: readonly (readonly [string, () => Buffer])[] = [
      ['unfinished', () => written.bytes],
      ['finished', () => finish(written)],
      ['compact', () => compact(written)],
      ['with a trailer', () => withTrailer(appended)],
      [
        'with a lost end',
        () => written.bytes.subarray(0, written.bytes.length - (written.fragments.at(-1)?.bytes.length ?? 0)),
      ],
    ];

    it.each(variants)('are whole to every reader: %s', async (variant, make) => {
      const file = join(directory, `${variant}.mp4`);
      await writeFile(file, make());
      const lost = variant === 'with a lost end' ? 1 : 0;
      await decodeAll(file);
      await runChild(programs.ffmpeg, ['-nostdin', '-v', 'error', '-xerror', '-i', file, '-f', 'null', '-']);
      expect((await inspect(file)).videoFrames).toBe((seconds - lost) * 30);
      const other = await inspectOtherwise(file);
      expect(other).toMatchObject({ videoPackets: (seconds - lost) * 30, videoKeyFrames: seconds - lost });
      expect(other.durationSeconds).toBeCloseTo(seconds - lost, 0);
    });

    it('show every frame when it was captured', async () => {
      const file = join(directory, 'times.mp4');
      await writeFile(file, finish(written));
      const planned = plannedTimes(written.fragments, 90_000);
      const found = (await packetTimes(file)).sort((one, other) => one - other);
      expect(found).toHaveLength(planned.length);
      const worst = found.map((time, index) => Math.abs(time - (planned[index] ?? 0)));
      expect(Math.max(...worst)).toBeLessThan(0.001);
    });

    it.each([
      ['finished', () => finish(written)],
      ['with a trailer', () => withTrailer(appended)],
    ])('can be entered at any second: %s', async (variant, make) => {
      const file = join(directory, `seek ${variant}.mp4`);
      await writeFile(file, make());
      for (let second = 0; second < seconds; second++) await decodeAt(file, second);
    });

    it('say by their trailer what ffmpeg finds at the places it names', async () => {
      const file = join(directory, 'trailer.mp4');
      await writeFile(file, withTrailer(appended));
      const byTrailer = ['-use_mfra_for', 'pts'];
      for (let second = 0; second < seconds; second++) await decodeAt(file, second, byTrailer);
    });
  });
}
