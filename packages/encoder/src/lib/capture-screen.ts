import { planAudio } from './capture-audio.ts';
import { globalOptions } from './capture-descriptors.ts';
import { fragmentedMp4Options } from './capture-output.ts';
import type { CaptureRequest } from './capture-plan.ts';
import type { CapturePlan, ScreenSource } from './capture-source.ts';
import { planVideo, rationalRate, sizeNotices } from './capture-video.ts';
import { ffmpegArguments } from './ffmpeg-arguments.ts';
import { queueOptions } from './input-options.ts';
import { testCardDefaults } from './test-card.ts';

/** 20 ms of 16-bit stereo at 48 kHz: what comes in larger pieces is later than its time says. */
const soundPieceBytes = 3_840;

/**
 * What Chromium draws is on the display two of its frames later (36 to 44 ms were measured), while a page's sound is heard when
 * the page thinks that it is: it is moved by as much.
 */
const displayLagSeconds = 0.04;

/** Pictures of an X display and the sound of a PulseAudio source, on the wall clock that both are stamped with. */
export function planScreen({ video, audio }: CaptureRequest, source: ScreenSource): CapturePlan {
  const { width, height } = source;
  const frameRate = video.frameRate ?? testCardDefaults.frameRate;
  const videoPlan = planVideo({ ...video, width, height, frameRate, encode: 'Always' }, undefined);
  // Each picture at the place that is nearest to its time: what fps_mode does by itself is up to a frame and a tenth off.
  const placed = placeFrames(videoPlan.options, frameRate);
  const audioPlan = planAudio(audio, { encodeAlways: true, ownInput: true });
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
          ...[
            ...queueOptions,
            '-isync',
            '0',
            '-itsoffset',
            soundDelay(frameRate),
            '-f',
            'pulse',
            '-server',
            source.soundServer,
          ],
          ...['-sample_rate', '48000', '-channels', '2', '-fragment_size', `${soundPieceBytes}`],
        ],
        input: source.soundSource,
      },
      outputs: [
        {
          options: [
            ...['-map', '0:v:0', '-map', '1:a:0'],
            ...placed,
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
    // The display has the even size already.
    notices: sizeNotices(video, { width, height }),
  };
}

/** What changes on the display is in the next picture, half a picture later at the mean. */
function soundDelay(frameRate: number): string {
  return (displayLagSeconds + 0.5 / frameRate).toFixed(3);
}

function placeFrames(options: readonly string[], frameRate: number): string[] {
  const at = options.indexOf('-filter:v') + 1;
  return options.with(at, `fps=${rationalRate(frameRate)}:start_time=0,${options[at]}`);
}
