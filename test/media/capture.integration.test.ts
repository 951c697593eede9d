import { findFfmpeg, findFfprobe } from '@tapedeck/encoder';
import { describeCapture } from './capture-suite.ts';

describeCapture("the system's ffmpeg", async () => ({
  ffmpeg: await findFfmpeg(),
  ffprobe: await findFfprobe(),
}));
