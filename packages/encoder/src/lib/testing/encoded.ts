import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMp4FragmentReader } from '../fragment-reader.ts';
import type { Fragment, InitSegment } from '../media.ts';

export interface Encoding {
  readonly seconds: number;
  /** Arguments of the video encoder; none: no picture. */
  readonly video?: readonly string[];
  /** Sample rate; none: no sound. */
  readonly audioRate?: number;
  readonly frameRate?: number;
  readonly size?: string;
}

/** Fragments as ffmpeg writes them into a pipe. */
export function encode({ seconds, video, audioRate, frameRate = 30, size = '160x90' }: Encoding): Buffer {
  const picture = ['-f', 'lavfi', '-i', `testsrc2=s=${size}:r=${frameRate}`];
  const sound = ['-f', 'lavfi', '-i', `sine=r=${audioRate}`];
  return ffmpeg([
    ...(video ? picture : []),
    ...(audioRate ? sound : []),
    '-t',
    `${seconds}`,
    ...(video ? ['-c:v', 'libx264', '-preset', 'ultrafast', ...video] : []),
    ...(audioRate ? ['-c:a', 'aac', '-b:a', '64k'] : []),
    ...['-movflags', 'frag_keyframe+empty_moov+default_base_moof+negative_cts_offsets'],
    ...['-frag_duration', '1250000', '-flush_packets', '1', '-f', 'mp4', 'pipe:1'],
  ]);
}

export function ffmpeg(args: readonly string[], input?: Uint8Array): Buffer {
  return execFileSync('ffmpeg', ['-nostdin', '-v', 'error', ...args], {
    maxBuffer: 1 << 28,
    ...(input === undefined ? {} : { input }),
  });
}

/** What ffmpeg has to say against a file that it decodes whole; nothing, if all is well. */
export function complaints(path: string): string {
  return execFileSync(
    'sh',
    ['-c', 'ffmpeg -nostdin -v error -xerror -i "$1" -f null - 2>&1 || echo failed', 'sh', path],
    {
      encoding: 'utf8',
    },
  );
}

/** A hash of every stream's packets, in the order of the streams. */
export function streamHashes(path: string): string {
  return ffmpeg(['-i', path, '-map', '0', '-c', 'copy', '-f', 'streamhash', '-']).toString();
}

/** One of each decoded frame, by stream. */
export function frameHashes(path: string, stream: string): string[] {
  const lines = ffmpeg(['-i', path, '-map', `0:${stream}`, '-f', 'framemd5', '-'])
    .toString()
    .trim()
    .split('\n');
  return lines.filter((line) => !line.startsWith('#')).map((line) => line.split(',').at(-1)?.trim() ?? '');
}

export interface ProbedPacket {
  readonly codec_type: string;
  readonly pts_time: string;
  readonly dts_time: string;
}

export interface Probed {
  readonly format: { readonly duration: string; readonly start_time: string };
  readonly streams: readonly {
    readonly codec_type: string;
    readonly codec_name: string;
    readonly nb_frames?: string;
    readonly duration: string;
    readonly start_time: string;
  }[];
  readonly packets: readonly ProbedPacket[];
}

export function probe(path: string): Probed {
  const args = ['-v', 'error', '-show_format', '-show_streams', '-show_packets', '-of', 'json', path];
  return JSON.parse(execFileSync('ffprobe', args, { encoding: 'utf8', maxBuffer: 1 << 28 }));
}

/** All of a stream in one go. */
export function readAll(bytes: Uint8Array): (InitSegment | Fragment)[] {
  return [...createMp4FragmentReader().push(bytes)];
}

/** A directory that is gone when the tests are done. */
export function createFileBench() {
  const directory = mkdtempSync(join(tmpdir(), 'tapedeck-mp4-'));
  return {
    write(name: string, bytes: Uint8Array): string {
      const path = join(directory, name);
      writeFileSync(path, bytes);
      return path;
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}
