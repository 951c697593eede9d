import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type CaptureEnd, type CapturePlan, planCapture, probeSource, startCapture } from '@tapedeck/encoder';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BroadcastProtocol, startBroadcast } from './broadcast.ts';
import { type BroadcastContent, contentArguments } from './broadcast-content.ts';
import { writeHlsFile } from './broadcast-hls.ts';
import { runChild } from './child.ts';
import type { FfmpegPrograms } from './ffmpeg-71.ts';
import { startFileServer } from './file-server.ts';
import { fragmentOffsets } from './mp4-fragments.ts';
import { measureSync, worstOffset } from './sync-meter.ts';

type Video = Parameters<typeof planCapture>[0]['video'];

/** What a person does not notice; most of it is the rounding to frames of 33 ms. */
const syncTolerance = 40;

interface Captured {
  readonly file: string;
  readonly plan: CapturePlan;
  readonly end: CaptureEnd;
}

/** What every ffmpeg that Tapedeck runs on has to do, from real sources. */
export function describeCapture(version: string, programs: () => Promise<FfmpegPrograms>): void {
  let directory: string;
  let count = 0;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tapedeck-capture-'));
  });
  afterAll(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  /** Probes, plans and captures as the recorder does; a finite source to its end, else for `seconds`. */
  async function capture(url: string, video: Video = {}, seconds?: number): Promise<Captured> {
    const { ffmpeg, ffprobe } = await programs();
    const probe = await probeSource(url, { ffprobe });
    const plan = planCapture({ source: { type: 'Stream', url }, video, audio: {}, probe });
    return await record(plan, ffmpeg, seconds);
  }

  async function record(plan: CapturePlan, ffmpeg: string, seconds?: number): Promise<Captured> {
    const running = await startCapture(plan, { ffmpeg });
    count += 1;
    const file = join(directory, `${count}.mp4`);
    const written = pipeline(running.stdout, createWriteStream(file));
    if (seconds !== undefined) {
      await new Promise((resolve) => running.stdout.once('data', resolve));
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
      await running.stop();
    }
    const end = await running.ended;
    await written;
    return { file, plan, end };
  }

  async function makeFile(name: string, content: BroadcastContent, ...output: string[]): Promise<string> {
    const file = join(directory, name);
    await runChild('ffmpeg', [...contentArguments({ unpaced: true, ...content }), ...output, file]);
    return file;
  }

  describe(`${version}: live`, () => {
    it.each(['Rtmp', 'Hls', 'Srt', 'Rtsp'] as const)(
      '%s is copied, and encoded, in sync',
      async (protocol: BroadcastProtocol) => {
        const broadcast = await startBroadcast(protocol);
        try {
          for (const encode of ['Auto', 'Always'] as const) {
            const { file, plan, end } = await capture(broadcast.url, { encode }, 4);
            const action = encode === 'Auto' ? 'Copy' : 'Encode';
            const audioAction = protocol === 'Rtsp' ? 'Encode' : action;
            expect(plan).toMatchObject({ live: true, videoAction: action, audioAction });
            expect(end).toMatchObject({ asked: true, killed: false });
            expect(end.error).toBeUndefined();
            const marks = await measureSync(file);
            expect(marks.length).toBeGreaterThanOrEqual(3);
            expect(worstOffset(marks)).toBeLessThan(syncTolerance);
          }
        } finally {
          await broadcast.stop();
        }
      },
    );

    it('the test card is in sync from its first frame', async () => {
      const plan = planCapture({
        source: { type: 'TestCard' },
        video: { width: 320, height: 180 },
        audio: {},
      });
      const { file } = await record(plan, (await programs()).ffmpeg, 4);
      const marks = await measureSync(file);
      expect(marks.length).toBeGreaterThanOrEqual(4);
      expect(worstOffset(marks)).toBeLessThan(syncTolerance);
    });

    it('a broadcast that goes away is lost, not ended', async () => {
      const broadcast = await startBroadcast('Rtmp');
      try {
        const captured = capture(broadcast.url);
        await new Promise((resolve) => setTimeout(resolve, 5000));
        await broadcast.drop();
        const { end } = await captured;
        expect(end).toMatchObject({
          asked: false,
          error: { code: expect.stringMatching(/^Source(Lost|Stalled)$/) },
        });
        expect(JSON.stringify(end)).not.toContain('broadcast-key');
      } finally {
        await broadcast.stop();
      }
    });
  });

  describe(`${version}: finite`, () => {
    it.each([
      ['without B-frames', {}],
      ['with B-frames and a key frame every 4 s', { bFrames: 2, keyFrameFrames: 120 }],
    ] as const)(
      'a file %s is copied whole and in sync, in fragments of about a second',
      async (_, content) => {
        const source = await makeFile(`source-${count}.mp4`, { seconds: 6, ...content });
        const { file, plan, end } = await capture(source);
        expect(plan).toMatchObject({ live: false, videoAction: 'Copy', audioAction: 'Copy' });
        expect(end.error).toBeUndefined();
        const marks = await measureSync(file);
        expect(marks).toHaveLength(6);
        // The muxer lets each track begin at zero by holding its first frame, which is that of the first mark.
        expect(worstOffset(marks.slice(1))).toBeLessThan(1);
        expect(await countFrames(file)).toBe(180);
        expect(await longestFragment(file)).toBeLessThanOrEqual(1.35);
      },
    );

    it('over http and from a playlist with an end, with a secret in the address', async () => {
      await makeFile('served.mp4', { seconds: 3 }, '-movflags', '+faststart');
      const playlist = await writeHlsFile(directory, { seconds: 3 });
      const server = await startFileServer(directory);
      try {
        for (const path of [
          'served.mp4',
          playlist,
          'served.mp4?token=secret-token',
          `${playlist}?token=secret-token`,
        ]) {
          const { file, plan, end } = await capture(`${server.url}/${path}`);
          expect(plan.live).toBe(false);
          expect(end.error).toBeUndefined();
          expect(await countFrames(file)).toBe(90);
          expect(worstOffset(await measureSync(file))).toBeLessThan(syncTolerance);
        }
      } finally {
        await server.stop();
      }
    });

    it('without sound, and without a picture', async () => {
      const silent = await capture(await makeFile('silent.mp4', { seconds: 2, tracks: 'VideoOnly' }));
      expect(silent.plan).toMatchObject({ audioAction: 'None', notices: [{ reason: 'NoAudio' }] });
      expect(await trackTypes(silent.file)).toEqual(['video']);
      const blind = await capture(await makeFile('blind.mp4', { seconds: 4, tracks: 'AudioOnly' }));
      expect(blind.plan).toMatchObject({ videoAction: 'None', notices: [{ reason: 'NoVideo' }] });
      expect(await trackTypes(blind.file)).toEqual(['audio']);
      expect(await longestFragment(blind.file)).toBeLessThanOrEqual(1.35);
    });

    it('mixed: what fits is copied, the other is encoded', async () => {
      const source = await makeFile('opus.mkv', { seconds: 3 }, '-c:a', 'libopus');
      const opus = await capture(source);
      expect(opus.plan).toMatchObject({ videoAction: 'Copy', audioAction: 'Encode' });
      expect(worstOffset(await measureSync(opus.file))).toBeLessThan(syncTolerance);
      const small = await capture(await makeFile('small.mp4', { seconds: 3 }), { width: 160, height: 160 });
      expect(small.plan).toMatchObject({ videoAction: 'Encode', audioAction: 'Copy' });
      expect(await frameSizes(small.file)).toEqual(['160,160']);
    });
  });

  describe(`${version}: a source that changes its picture's size midway`, () => {
    let source: string;

    beforeAll(async () => {
      const first = await makeFile('first.ts', { seconds: 3 });
      const second = await makeFile(
        'second.ts',
        { seconds: 3, width: 640, height: 480 },
        '-output_ts_offset',
        '3',
      );
      source = join(directory, 'changing.ts');
      // Transport streams may be put one after the other.
      await writeFile(source, Buffer.concat([await readFile(first), await readFile(second)]));
    });

    it('keeps the size of the output when it is encoded, and the sound goes on', async () => {
      const { file } = await capture(source, { encode: 'Always' });
      expect(await frameSizes(file)).toEqual(['320,180']);
      const seconds = await trackSeconds(file);
      for (const length of seconds) expect(length).toBeCloseTo(6, 0);
    });

    it('shows the change among the samples when it is copied', async () => {
      const { file, plan } = await capture(source);
      expect(plan.videoAction).toBe('Copy');
      expect(await frameSizes(file)).toEqual(['320,180', '640,480']);
    });
  });
}

async function probeLines(file: string, ...what: string[]): Promise<string[]> {
  const text = await runChild('ffprobe', ['-v', 'error', ...what, '-of', 'csv=p=0', file]);
  return text
    .toString()
    .split('\n')
    .map((line) => line.replace(/,+$/, '').trim())
    .filter((line) => line !== '');
}

async function countFrames(file: string): Promise<number> {
  const [count] = await probeLines(
    file,
    '-select_streams',
    'v:0',
    '-count_frames',
    '-show_entries',
    'stream=nb_read_frames',
  );
  return Number(count);
}

async function frameSizes(file: string): Promise<string[]> {
  return [
    ...new Set(await probeLines(file, '-select_streams', 'v:0', '-show_entries', 'frame=width,height')),
  ];
}

async function trackTypes(file: string): Promise<string[]> {
  return await probeLines(file, '-show_entries', 'stream=codec_type');
}

/** From the first to the last packet of each track. */
async function trackSeconds(file: string): Promise<number[]> {
  const types = await trackTypes(file);
  return await Promise.all(
    types.map(async (type) => {
      const times = (
        await probeLines(file, '-select_streams', type[0] ?? '', '-show_entries', 'packet=dts_time')
      ).map(Number);
      return (times.at(-1) ?? 0) - (times[0] ?? 0);
    }),
  );
}

/** In seconds: a packet's place in the file tells in which `mdat` it lies. */
async function longestFragment(file: string): Promise<number> {
  const offsets = await fragmentOffsets(file);
  const [track = ''] = await trackTypes(file);
  const packets = await probeLines(
    file,
    '-select_streams',
    track[0] ?? '',
    '-show_entries',
    'packet=dts_time,pos',
  );
  const begins = new Map<number, number>();
  for (const packet of packets) {
    const [time, position] = packet.split(',').map(Number);
    const fragment = offsets.filter((offset) => offset <= (position ?? 0)).length;
    if (!begins.has(fragment)) begins.set(fragment, time ?? 0);
  }
  const times = [...begins.values(), Number(packets.at(-1)?.split(',')[0])];
  return Math.max(...times.slice(1).map((time, index) => time - (times[index] ?? 0)));
}
