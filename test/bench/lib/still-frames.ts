import { runChild } from '../../media/child.ts';

/** Below this a difference of two frames is the encoder's; of the moving page each frame is another. */
const sameDifference = 0.05;

/** Which share of a recording's frames shows what the one before did, from 0 to 1. */
export async function doubledFrames(file: string): Promise<number> {
  const text = await runChild('ffmpeg', [
    ...['-loglevel', 'error', '-i', file, '-an', '-vf'],
    // Mean difference of a pixel to the frame before, from 0 to 255.
    'scale=320:180,tblend=all_mode=difference,signalstats,metadata=print:key=lavfi.signalstats.YAVG:file=-',
    ...['-f', 'null', '/dev/null'],
  ]);
  const differences = [...text.toString().matchAll(/YAVG=([\d.]+)/g)].map(([, value]) => Number(value));
  return differences.filter((value) => value < sameDifference).length / differences.length;
}
