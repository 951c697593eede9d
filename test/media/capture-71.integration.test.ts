import { describe, it } from 'vitest';
import { describeCapture } from './capture-suite.ts';
import { type FfmpegPrograms, ffmpeg71 } from './ffmpeg-71.ts';

const programs = await ffmpeg71();

if (programs !== undefined) {
  describeCapture('ffmpeg 7.1', async () => programs satisfies FfmpegPrograms);
} else {
  describe.skipIf(!process.env.CI)("ffmpeg 7.1: needs Debian's apt and its archive keyring", () => {
    it('is there', () => {
      throw new Error("ffmpeg 7.1 comes from Debian's packages: run this on Debian.");
    });
  });
}
