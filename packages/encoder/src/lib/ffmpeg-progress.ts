import type { CaptureStats } from './capture-contract.ts';

export const noStats: CaptureStats = {
  frames: 0,
  framesPerSecond: 0,
  speed: 0,
  bitrate: 0,
  mediaSeconds: 0,
  droppedFrames: 0,
  duplicatedFrames: 0,
  bytes: 0,
};

/** A report is about 300 bytes; more than this without a line's end is not one of ffmpeg's. */
const longestReport = 16_384;

/**
 * Reads what `-progress` writes: `key=value` lines, one block a period, closed by `progress=continue` or
 * `progress=end`. Values that are not known yet are `N/A` and keep the last one.
 */
export function createProgressReader(
  onStats: (stats: Omit<CaptureStats, 'bytes'>) => void,
): (chunk: string) => void {
  const values = new Map<string, number>();
  let rest = '';

  function block(): Omit<CaptureStats, 'bytes'> {
    const value = (key: string) => values.get(key) ?? 0;
    return {
      frames: value('frame'),
      framesPerSecond: value('fps'),
      speed: value('speed'),
      bitrate: value('bitrate') * 1000,
      // Microseconds, whatever its name says of old.
      mediaSeconds: Math.max(0, value('out_time_us') / 1_000_000),
      droppedFrames: value('drop_frames'),
      duplicatedFrames: value('dup_frames'),
    };
  }

  return (chunk) => {
    const lines = (rest + chunk).slice(-longestReport).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      const [key = '', text = ''] = line.split('=', 2);
      if (key === 'progress') onStats(block());
      // The number is followed by its unit (kbits/s, x).
      const number = Number.parseFloat(text);
      if (Number.isFinite(number)) values.set(key, number);
    }
  };
}
