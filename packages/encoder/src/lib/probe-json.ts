import { z } from 'zod';
import type { ProbedAudio, ProbedVideo } from './capture-source.ts';

const number = z.coerce.number();

const stream = z.object({
  index: z.int(),
  codec_type: z.string().optional(),
  codec_name: z.string().optional(),
  profile: z.coerce.string().optional(),
  level: z.int().optional(),
  pix_fmt: z.string().optional(),
  field_order: z.string().optional(),
  width: z.int().optional(),
  height: z.int().optional(),
  sample_aspect_ratio: z.string().optional(),
  avg_frame_rate: z.string().optional(),
  r_frame_rate: z.string().optional(),
  has_b_frames: z.int().optional(),
  bit_rate: number.optional(),
  sample_rate: number.optional(),
  channels: z.int().optional(),
  disposition: z.record(z.string(), z.number()).optional(),
  side_data_list: z.array(z.object({ rotation: z.number().optional() })).optional(),
  tags: z.record(z.string(), z.string()).optional(),
});
type Stream = z.infer<typeof stream>;

/** What Tapedeck reads of `ffprobe -print_format json -show_streams -show_format`; the rest is ignored. */
export const probeJson = z.object({
  streams: z.array(stream).default([]),
  format: z.object({ format_name: z.string().optional(), duration: number.optional() }).default({}),
});
export type ProbeJson = z.infer<typeof probeJson>;

/** The tracks that would be recorded: the largest picture, and the sound that stands nearest after it. */
export function chooseTracks(json: ProbeJson): { video?: ProbedVideo; audio?: ProbedAudio } {
  const videos = placed(json, 'video', probedVideo);
  const audios = placed(json, 'audio', probedAudio);
  const [video] = videos.toSorted((a, b) => area(b.track) - area(a.track) || a.order - b.order);
  // HLS lists each variant's picture and sound one after the other.
  const audio = audios.find(({ order }) => video !== undefined && order > video.order) ?? audios[0];
  return { ...(video && { video: video.track }), ...(audio && { audio: audio.track }) };
}

/** Tracks of one type with their place among the type (`index`) and among all (`order`). */
function placed<T>(
  json: ProbeJson,
  type: string,
  read: (found: Stream, index: number) => T | undefined,
): { track: T; order: number }[] {
  return json.streams
    .filter((found) => found.codec_type === type)
    .flatMap((found, index) => {
      const track = read(found, index);
      return track === undefined ? [] : [{ track, order: found.index }];
    });
}

function area(track: ProbedVideo): number {
  return track.width * track.height;
}

function probedVideo(found: Stream, index: number): ProbedVideo | undefined {
  const { width, height } = found;
  if (found.codec_name === undefined || found.disposition?.attached_pic === 1) return undefined;
  if (width === undefined || height === undefined || width <= 0 || height <= 0) return undefined;
  const frameRate = parseRate(found.avg_frame_rate) ?? parseRate(found.r_frame_rate);
  const turned = Math.abs(rotation(found)) % 180 === 90;
  const stretched = { width: Math.round(width * pixelAspect(found.sample_aspect_ratio)), height };
  const shown = turned ? { width: stretched.height, height: stretched.width } : stretched;
  return {
    index,
    codec: found.codec_name,
    ...(found.profile === undefined ? {} : { profile: found.profile }),
    ...(found.level === undefined || found.level < 0 ? {} : { level: found.level }),
    ...(found.pix_fmt === undefined ? {} : { pixelFormat: found.pix_fmt }),
    width: even(shown.width),
    height: even(shown.height),
    plain: rotation(found) === 0 && shown.width === width && shown.height === height,
    ...(frameRate === undefined ? {} : { frameRate }),
    ...(found.bit_rate === undefined ? {} : { bitrate: found.bit_rate }),
    hasBFrames: (found.has_b_frames ?? 0) > 0,
    interlaced: ['tt', 'bb', 'tb', 'bt'].includes(found.field_order ?? ''),
  };
}

function probedAudio(found: Stream, index: number): ProbedAudio | undefined {
  if (found.codec_name === undefined) return undefined;
  if (found.sample_rate === undefined || found.sample_rate <= 0 || !found.channels) return undefined;
  return {
    index,
    codec: found.codec_name,
    ...(found.profile === undefined ? {} : { profile: found.profile }),
    sampleRate: found.sample_rate,
    channels: found.channels,
    ...(found.bit_rate === undefined ? {} : { bitrate: found.bit_rate }),
  };
}

/** Outside this, a rate is a time base (FLV says 1000 for "unknown") or a slide show. */
const rates = { least: 1, most: 120 } as const;

function parseRate(text: string | undefined): number | undefined {
  const [over, under] = (text ?? '').split('/').map(Number);
  if (!over || !under) return undefined;
  const rate = usualRate(over / under);
  return rate >= rates.least && rate <= rates.most ? rate : undefined;
}

/** An average over a recording is a little off what it was made with: 9.99994 is 10, 29.9702 is 30000/1001. */
function usualRate(rate: number): number {
  const whole = Math.round(rate);
  const fraction = (Math.round(rate * 1.001) * 1000) / 1001;
  return [whole, fraction].find((usual) => Math.abs(rate - usual) < 0.01) ?? rate;
}

function pixelAspect(text: string | undefined): number {
  const [width, height] = (text ?? '').split(':').map(Number);
  return width && height ? width / height : 1;
}

function rotation(found: Stream): number {
  const turned = found.side_data_list?.find((data) => data.rotation !== undefined)?.rotation;
  return turned ?? Number(found.tags?.rotate ?? 0);
}

function even(pixels: number): number {
  return Math.max(2, Math.floor(pixels / 2) * 2);
}
