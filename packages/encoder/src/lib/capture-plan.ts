import { type AudioSpec, TapedeckError, type VideoSpec } from '@tapedeck/core';
import { type AudioPlanOptions, planAudio } from './capture-audio.ts';
import { globalOptions, inputListDescriptor, watchDescriptor } from './capture-descriptors.ts';
import { watchOutput } from './capture-format-watch.ts';
import { marksOutput } from './capture-marks.ts';
import { fragmentedMp4Options } from './capture-output.ts';
import { planScreen } from './capture-screen.ts';
import type {
  CaptureNotice,
  CapturePlan,
  CaptureSource,
  SourceProbe,
  TrackAction,
} from './capture-source.ts';
import { outputSize, planVideo } from './capture-video.ts';
import { ffmpegArguments } from './ffmpeg-arguments.ts';
import { segmentsBack } from './hls-position.ts';
import { openInput } from './input-open.ts';
import { liveByAddress } from './input-options.ts';
import { type InputKind, parseInputAddress } from './input-url.ts';
import { testCardDefaults, testCardGraph } from './test-card.ts';

export interface CaptureRequest {
  readonly source: CaptureSource;
  readonly video: VideoSpec;
  readonly audio: AudioSpec;
  /** Absent: nothing is known of the source, so whatever it has is encoded. Not needed for the test card. */
  readonly probe?: SourceProbe;
  /**
   * Where in a finite source to begin, in seconds, for a capture that goes on from another; a copy begins at the
   * key frame before it. Live sources have no such place.
   */
  readonly startSeconds?: number;
  /** How long ago something of this live source was captured last; a playlist is then begun where that was. */
  readonly awaySeconds?: number;
  /** How long ffmpeg itself waits for a read. Default 15. */
  readonly ioTimeoutSeconds?: number;
}

/**
 * Decides one ffmpeg run: what is copied, what is encoded and how, and the whole argument list. Pure. Rejects
 * with `InvalidSource`, with `SourceEmpty` when the probe found neither picture nor sound, and with
 * `NotSupported` for a format that is not made here.
 */
export function planCapture(request: CaptureRequest): CapturePlan {
  rejectUnsupported(request);
  const { source } = request;
  if (source.type === 'TestCard') return planTestCard(request);
  return source.type === 'Screen' ? planScreen(request, source) : planStream(request, source.url);
}

function rejectUnsupported({ video, audio }: CaptureRequest): void {
  const asked =
    video.codec === 'VP8'
      ? 'video.codec VP8'
      : audio.codec !== undefined && audio.codec !== 'AAC'
        ? `audio.codec ${audio.codec}`
        : video.watermark === undefined
          ? undefined
          : 'video.watermark';
  if (asked === undefined) return;
  throw new TapedeckError(
    'NotSupported',
    `${asked} cannot be recorded; leave it out for plain H264 with AAC.`,
  );
}

function planTestCard({ video, audio }: CaptureRequest): CapturePlan {
  const size = outputSize(video, testCardDefaults) ?? testCardDefaults;
  const frameRate = video.frameRate ?? testCardDefaults.frameRate;
  const videoPlan = planVideo({ ...video, frameRate }, { ...rawCard, ...size, frameRate });
  const audioPlan = planAudio(audio, { encodeAlways: true });
  return {
    source: { type: 'TestCard' },
    args: ffmpegArguments({
      // -re: the card would otherwise be drawn as fast as the machine can.
      inputOptions: [...globalOptions, '-re', '-f', 'lavfi'],
      input: testCardGraph({ ...size, frameRate }),
      outputs: [
        {
          options: [
            ...['-map', '0:v:0', '-map', '0:a:0'],
            ...videoPlan.options,
            ...audioPlan.options,
            ...fragmentedMp4Options,
          ],
          output: 'pipe:1',
        },
      ],
    }),
    sourceName: 'test card',
    live: true,
    videoAction: videoPlan.action,
    audioAction: audioPlan.action,
    notices: videoPlan.notices,
  };
}

const rawCard = {
  index: 0,
  codec: 'wrapped_avframe',
  plain: true,
  hasBFrames: false,
  interlaced: false,
} as const;

function planStream(request: CaptureRequest, url: string): CapturePlan {
  const { probe, video, audio } = request;
  const address = parseInputAddress(url);
  const hasVideo = probe === undefined || probe.video !== undefined;
  const hasAudio = probe === undefined || probe.audio !== undefined;
  if (!hasVideo && !hasAudio) {
    throw new TapedeckError(
      'SourceEmpty',
      `${address.name} has neither picture nor sound; check what it sends.`,
    );
  }
  const videoPlan = hasVideo ? planVideo(video, probe?.video) : undefined;
  const audioPlan = hasAudio ? planAudio(audio, audioOptions(request, address.kind)) : undefined;
  const opened = openInput(address, {
    ioTimeoutSeconds: request.ioTimeoutSeconds ?? 15,
    descriptor: inputListDescriptor,
    ...startOfPlaylist(request),
  });
  // Without a probe either may be missing; V leaves cover art out.
  const videoMap = ['-map', probe?.video === undefined ? '0:V:0?' : `0:v:${probe.video.index}`];
  const maps = [
    ...(hasVideo ? videoMap : []),
    ...(hasAudio ? ['-map', `0:a:${probe?.audio?.index ?? '0?'}`] : []),
  ];
  const watch = watchOf(request, videoPlan?.action);
  return {
    source: request.source,
    args: ffmpegArguments({
      inputOptions: [...globalOptions, ...opened.options, ...seekOptions(request)],
      input: opened.input,
      outputs: [
        {
          options: [
            ...maps,
            ...(videoPlan?.options ?? []),
            ...(audioPlan?.options ?? []),
            ...fragmentedMp4Options,
          ],
          output: 'pipe:1',
        },
        ...(watch === 'Format' ? [watchOutput(videoMap, watchDescriptor)] : []),
        ...(watch === 'Marks' ? [marksOutput(hasVideo ? 'v' : 'a', maps.slice(0, 2), watchDescriptor)] : []),
      ],
    }),
    ...(opened.list === undefined ? {} : { inputList: opened.list }),
    sourceName: address.name,
    live: probe?.live ?? liveByAddress(address.kind),
    ...(watch === undefined ? {} : { watch }),
    videoAction: videoPlan?.action ?? 'None',
    audioAction: audioPlan?.action ?? 'None',
    notices: [...trackNotices(address.name, hasVideo, hasAudio), ...(videoPlan?.notices ?? [])],
  };
}

/**
 * ffmpeg 7 hands AAC from RTSP on without marking its frames as decodable by themselves: a copy would hold
 * nothing, or frames that no player may begin at. So it is encoded, at some 3 % of a core.
 */
function audioOptions({ video, probe }: CaptureRequest, kind: InputKind): AudioPlanOptions {
  return {
    encodeAlways: video.encode === 'Always' || kind === 'Rtsp',
    ...(probe?.audio === undefined ? {} : { probed: probe.audio }),
  };
}

function watchOf({ probe }: CaptureRequest, videoAction: TrackAction | undefined): CapturePlan['watch'] {
  if (probe?.container === 'hls' && probe.live) return 'Marks';
  return probe?.container === 'flv' && videoAction === 'Copy' ? 'Format' : undefined;
}

function startOfPlaylist({ probe, awaySeconds }: CaptureRequest): { segmentsBack?: number } {
  if (awaySeconds === undefined || probe?.container !== 'hls' || !probe.live) return {};
  return { segmentsBack: segmentsBack(probe.segmentSeconds ?? [], awaySeconds) };
}

function seekOptions({ probe, startSeconds = 0 }: CaptureRequest): string[] {
  return probe?.live === false && startSeconds > 0 ? ['-ss', startSeconds.toFixed(3)] : [];
}

function trackNotices(name: string, hasVideo: boolean, hasAudio: boolean): CaptureNotice[] {
  if (!hasVideo)
    return [{ reason: 'NoVideo', message: `${name} has no picture: only its sound is recorded.` }];
  if (!hasAudio)
    return [{ reason: 'NoAudio', message: `${name} has no sound: only its picture is recorded.` }];
  return [];
}
