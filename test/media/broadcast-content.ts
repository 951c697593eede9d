import { testCardGraph } from '@tapedeck/encoder';

/** What is broadcast. Everything is H264 and AAC, as live sources are. */
export interface BroadcastContent {
  /** A file that is played again and again, or the test card with its flashes and beeps. */
  readonly file?: string;
  /** Of the card. Default 320x180 at 30 fps. */
  readonly width?: number;
  readonly height?: number;
  readonly frameRate?: number;
  /** Frames between key frames; default one second. */
  readonly keyFrameFrames?: number;
  readonly bFrames?: number;
  /** Default both. */
  readonly tracks?: 'Both' | 'VideoOnly' | 'AudioOnly';
  /** Ends by itself after that; default never. */
  readonly seconds?: number;
  /** As fast as it can be read, for files; default in real time. */
  readonly unpaced?: boolean;
  /** A file's tracks are sent as they are: it has to be H264 and AAC. */
  readonly copied?: boolean;
}

const quiet = ['-hide_banner', '-loglevel', 'error', '-nostdin'];

/** ffmpeg's arguments for a content, up to where its output follows. */
export function contentArguments(content: BroadcastContent): string[] {
  const { width = 320, height = 180, frameRate = 30, tracks = 'Both' } = content;
  const pace = content.unpaced === true ? [] : ['-re'];
  const input =
    content.file === undefined
      ? [...pace, '-f', 'lavfi', '-i', testCardGraph({ width, height, frameRate })]
      : [...pace, '-stream_loop', '-1', '-i', content.file];
  if (content.copied === true)
    return [...quiet, ...input, '-map', '0:v:0', '-map', '0:a:0', '-c', 'copy', ...limit(content)];
  const video = [
    ...[
      '-map',
      '0:v:0',
      '-c:v',
      'libx264',
      '-preset',
      'veryfast',
      '-pix_fmt',
      'yuv420p',
      '-sc_threshold',
      '0',
    ],
    ...[
      '-bf',
      String(content.bFrames ?? 0),
      '-g',
      String(content.keyFrameFrames ?? frameRate),
      '-b:v',
      '400k',
    ],
    ...(content.bFrames === undefined ? ['-tune', 'zerolatency'] : []),
  ];
  const audio = ['-map', '0:a:0', '-c:a', 'aac', '-ar', '48000', '-ac', '2', '-b:a', '96k'];
  return [
    ...quiet,
    ...input,
    ...(tracks === 'AudioOnly' ? [] : video),
    ...(tracks === 'VideoOnly' ? [] : audio),
    ...limit(content),
  ];
}

function limit({ seconds }: BroadcastContent): string[] {
  return seconds === undefined ? [] : ['-t', String(seconds)];
}
