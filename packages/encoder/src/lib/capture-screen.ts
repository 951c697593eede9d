import { planAudio } from './capture-audio.ts';
import { globalOptions } from './capture-descriptors.ts';
import { fragmentedMp4Options } from './capture-output.ts';
import type { CaptureRequest } from './capture-plan.ts';
import type { CapturePlan, ScreenSource } from './capture-source.ts';
import { planVideo } from './capture-video.ts';
import { ffmpegArguments } from './ffmpeg-arguments.ts';
import { queueOptions } from './input-options.ts';
import { testCardDefaults } from './test-card.ts';

/** 10 ms of 16-bit stereo at 48 kHz: what comes in larger pieces is later than its time says. */
const soundPieceBytes = 1_920;

/** Pictures of an X display and the sound of a PulseAudio source, on the wall clock that both are stamped with. */
export function planScreen({ video, audio }: CaptureRequest, source: ScreenSource): CapturePlan {
  const { width, height } = source;
  const frameRate = video.frameRate ?? testCardDefaults.frameRate;
  const videoPlan = planVideo({ ...video, width, height, frameRate, encode: 'Always' }, undefined);
  const audioPlan = planAudio(audio, { encodeAlways: true });
  return {
    source,
    args: ffmpegArguments({
      inputOptions: [
        ...[...globalOptions, ...queueOptions, '-f', 'x11grab', '-draw_mouse', '0'],
        ...['-framerate', `${frameRate}`, '-video_size', `${width}x${height}`],
      ],
      input: source.display,
      secondInput: {
        // Each input would begin at its own zero; the second is to begin as much later as it was opened.
        options: [
          ...[...queueOptions, '-isync', '0', '-f', 'pulse', '-server', source.soundServer],
          ...['-sample_rate', '48000', '-channels', '2', '-fragment_size', `${soundPieceBytes}`],
        ],
        input: source.soundSource,
      },
      outputs: [
        {
          options: [
            ...['-map', '0:v:0', '-map', '1:a:0'],
            ...videoPlan.options,
            ...audioPlan.options,
            ...fragmentedMp4Options,
          ],
          output: 'pipe:1',
        },
      ],
    }),
    environment: { XAUTHORITY: source.authority },
    sourceName: source.name,
    live: true,
    videoAction: videoPlan.action,
    audioAction: audioPlan.action,
    notices: videoPlan.notices,
  };
}
