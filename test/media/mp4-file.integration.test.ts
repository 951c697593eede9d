import { describe, it } from 'vitest';
import { ffmpeg71 } from './ffmpeg-71.ts';
import { describeMp4Files } from './mp4-file-suite.ts';

describeMp4Files("the system's ffmpeg", { ffmpeg: 'ffmpeg', ffprobe: 'ffprobe' });

const programs = await ffmpeg71();

if (programs !== undefined) {
  describeMp4Files('ffmpeg 7.1', programs);
} else {
  describe.skipIf(!process.env.CI)("ffmpeg 7.1: needs Debian's apt and its archive keyring", () => {
    it('is there', () => {
      throw new Error("ffmpeg 7.1 comes from Debian's packages: run this on Debian.");
    });
  });
}
