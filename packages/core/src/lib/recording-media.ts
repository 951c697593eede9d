import { z } from 'zod';
import { durationBetween } from './resource.ts';

const watermark = z.object({
  url: z.string().min(1).max(8192).describe('Address of the picture.'),
  position: z
    .enum(['LeftTop', 'RightTop', 'LeftBottom', 'RightBottom'])
    .optional()
    .describe('Corner; absent: RightTop.'),
  width: z.int().min(1).max(4096).optional().describe('Width in pixels; absent: as it is.'),
  height: z.int().min(1).max(4096).optional().describe('Height in pixels; absent: as it is.'),
  margin: z.int().min(0).max(4096).optional().describe('Distance from the edges, in pixels.'),
  opacity: z.number().min(0).max(1).optional().describe('From 0 (invisible) to 1.'),
});

/** Every field absent means: as the source has it, or the default for a source without a size of its own. */
export const videoSpec = z.object({
  codec: z.enum(['H264', 'VP8']).optional().describe('Codec; absent: H264.'),
  encode: z
    .enum(['Auto', 'Always'])
    .optional()
    .describe('Auto copies a source that already is what was asked. Absent: Auto.'),
  width: z.int().min(16).max(7680).optional().describe('Width in pixels.'),
  height: z.int().min(16).max(4320).optional().describe('Height in pixels.'),
  frameRate: z.number().min(1).max(120).optional().describe('Pictures per second.'),
  bitrate: z.int().min(50_000).max(100_000_000).optional().describe('Bits per second.'),
  keyFrameInterval: durationBetween('100ms', '30s')
    .optional()
    .describe(
      'Time between key frames: the grain of pausing and splitting, and what a kill can cost. Asking for one rules out copying. Absent: as the source has it, 1s where it is encoded.',
    ),
  exportFile: z.boolean().optional().describe('Also writes the picture alone.'),
  watermark: watermark.optional().describe('A picture in a corner.'),
});
export type VideoSpec = z.infer<typeof videoSpec>;

export const audioSpec = z.object({
  codec: z.enum(['AAC', 'MP3', 'Vorbis']).optional().describe('Codec; absent: AAC.'),
  channels: z.enum(['Mono', 'Stereo']).optional().describe('Absent: as the source has it.'),
  bitrate: z.int().min(16_000).max(1_000_000).optional().describe('Bits per second.'),
  exportFile: z.boolean().optional().describe('Also writes the sound alone.'),
});
export type AudioSpec = z.infer<typeof audioSpec>;
