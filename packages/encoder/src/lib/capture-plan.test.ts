import { describe, expect, it } from 'vitest';
import { planCapture } from './capture-plan.ts';
import type { ProbedAudio, ProbedVideo, SourceProbe } from './capture-source.ts';

const h264: ProbedVideo = {
  index: 0,
  codec: 'h264',
  profile: 'High',
  level: 31,
  pixelFormat: 'yuv420p',
  width: 1280,
  height: 720,
  plain: true,
  frameRate: 30,
  hasBFrames: false,
  interlaced: false,
};
const aac: ProbedAudio = { index: 0, codec: 'aac', profile: 'LC', sampleRate: 48_000, channels: 2 };
const probe = (
  video: Partial<ProbedVideo> | null = {},
  audio: Partial<ProbedAudio> | null = {},
  container = 'flv',
): SourceProbe => ({
  container,
  live: true,
  ...(video && { video: { ...h264, ...video } }),
  ...(audio && { audio: { ...aac, ...audio } }),
});
const stream = (url: string) => ({ type: 'Stream', url }) as const;
const rtmp = stream('rtmp://media.example/live/key');

/** The value that follows an option. */
const after = (args: readonly string[], option: string) => args[args.indexOf(option) + 1];

describe('what is copied', () => {
  it.each([
    ['a source that fits, nothing asked', {}, {}, probe(), 'Copy', 'Copy'],
    [
      'the very same asked',
      { width: 1280, height: 720, frameRate: 30 },
      { channels: 'Stereo' },
      probe(),
      'Copy',
      'Copy',
    ],
    ['full-range 4:2:0', {}, {}, probe({ pixelFormat: 'yuvj420p' }), 'Copy', 'Copy'],
    ['encode Always', { encode: 'Always' }, {}, probe(), 'Encode', 'Encode'],
    ['another size', { width: 640, height: 360 }, {}, probe(), 'Encode', 'Copy'],
    ['another frame rate', { frameRate: 25 }, {}, probe(), 'Encode', 'Copy'],
    ['a bitrate, the source says none', { bitrate: 2_000_000 }, {}, probe(), 'Encode', 'Copy'],
    ['about the bitrate it has', { bitrate: 2_000_000 }, {}, probe({ bitrate: 2_050_000 }), 'Copy', 'Copy'],
    ['a key-frame interval', { keyFrameInterval: '2s' }, {}, probe(), 'Encode', 'Copy'],
    ['10-bit H264', {}, {}, probe({ pixelFormat: 'yuv420p10le' }), 'Encode', 'Copy'],
    ['4:4:4 H264', {}, {}, probe({ pixelFormat: 'yuv444p' }), 'Encode', 'Copy'],
    ['HEVC', {}, {}, probe({ codec: 'hevc' }), 'Encode', 'Copy'],
    ['interlaced', {}, {}, probe({ interlaced: true }), 'Encode', 'Copy'],
    ['turned or with oblong pixels', {}, {}, probe({ plain: false }), 'Encode', 'Copy'],
    ['Opus', {}, {}, probe({}, { codec: 'opus' }), 'Copy', 'Encode'],
    ['stereo where mono was asked', {}, { channels: 'Mono' }, probe(), 'Copy', 'Encode'],
    ['no sound', {}, {}, probe({}, null), 'Copy', 'None'],
    ['no picture', {}, {}, probe(null, {}), 'None', 'Copy'],
    ['nothing known', {}, {}, undefined, 'Encode', 'Encode'],
  ] as const)('%s', (_, video, audio, known, videoAction, audioAction) => {
    const plan = planCapture({ source: rtmp, video, audio, ...(known && { probe: known }) });
    expect([plan.videoAction, plan.audioAction]).toEqual([videoAction, audioAction]);
  });
});

describe('a copied picture whose parameter sets travel outside of its frames', () => {
  const outputs = (known: SourceProbe, video = {}) =>
    planCapture({ source: rtmp, video, audio: {}, probe: known }).args.filter((arg) =>
      /^pipe:[15]$/.test(arg),
    );

  it('is watched on an output of its own', () => {
    const { args } = planCapture({ source: rtmp, video: {}, audio: {}, probe: probe({ index: 1 }) });
    expect(args.slice(args.indexOf('pipe:1') + 1)).toEqual([
      ...['-map', '0:v:1', '-c:v', 'copy', '-bsf:v', 'noise=drop=not(key)'],
      ...['-f', 'flv', '-flvflags', 'no_duration_filesize', '-flush_packets', '1', 'pipe:5'],
    ]);
  });

  it.each([
    ['an encoded picture', probe(), { encode: 'Always' }],
    ['sound alone', probe(null, {}), {}],
    ['a container that carries them within', probe({}, {}, 'mpegts'), {}],
  ])('unlike %s', (_, known, video) => {
    expect(outputs(known, video)).toEqual(['pipe:1']);
  });
});

describe('a live playlist', () => {
  const playlist = { ...probe({}, {}, 'hls'), segmentSeconds: [2, 2, 2, 2, 2, 2] };
  const plan = (known: SourceProbe, more: object = {}) =>
    planCapture({
      ...{ source: stream('http://media.example/live.m3u8'), video: {}, audio: {}, probe: known },
      ...more,
    });

  it('is begun where ffmpeg likes to, and after a loss where that was', () => {
    expect(plan(playlist).args).not.toContain('-live_start_index');
    expect(after(plan(playlist, { awaySeconds: 3 }).args, '-live_start_index')).toBe('-4');
    const secret = plan(playlist, {
      source: stream('http://media.example/live.m3u8?token=x'),
      awaySeconds: 3,
    });
    expect(secret.inputList).toContain("option live_start_index '-4'");
  });

  it('has marks, of its picture or else of its sound', () => {
    expect(plan(playlist, { video: { encode: 'Always' } })).toMatchObject({ watch: 'Marks' });
    expect(plan(playlist).args.slice(-2)).toEqual(['1', 'pipe:5']);
    const { video: _, ...soundAlone } = playlist;
    expect(plan(soundAlone).args).toContain('-bsf:a');
    expect(plan(soundAlone).args.at(-1)).toBe('pipe:5');
    expect(plan({ ...playlist, live: false }).watch).toBeUndefined();
  });
});

it('encodes the sound of RTSP, which ffmpeg 7 cannot copy', () => {
  const plan = planCapture({
    source: stream('rtsp://media.example/x'),
    video: {},
    audio: {},
    probe: probe(),
  });
  expect([plan.videoAction, plan.audioAction]).toEqual(['Copy', 'Encode']);
});

describe('the output', () => {
  it('is fragments on standard output, whatever is recorded', () => {
    for (const source of [rtmp, { type: 'TestCard' } as const]) {
      const { args } = planCapture({ source, video: {}, audio: {} });
      expect(args.at(-1)).toBe('pipe:1');
      expect(after(args, '-f')).toBeDefined();
      expect(after(args, '-movflags')).toBe('+frag_keyframe+empty_moov+default_base_moof');
      expect(after(args, '-flush_packets')).toBe('1');
      expect(Number(after(args, '-frag_duration'))).toBeLessThanOrEqual(1_500_000);
      expect(args).not.toContain('-y');
    }
  });

  it('copies with parameter sets among the samples and plain AAC frames', () => {
    const { args } = planCapture({ source: rtmp, video: {}, audio: {}, probe: probe() });
    expect(after(args, '-bsf:v')).toBe('h264_mp4toannexb');
    expect(after(args, '-bsf:a')).toBe('aac_adtstoasc');
    expect(args).not.toContain('-filter:v');
  });

  it('has a key frame each second by default, and where it was asked', () => {
    const keyFrames = (video: object, known?: SourceProbe) =>
      after(planCapture({ source: rtmp, video, audio: {}, ...(known && { probe: known }) }).args, '-g');
    expect(keyFrames({ encode: 'Always' })).toBe('30');
    expect(keyFrames({ encode: 'Always' }, probe({ frameRate: 50 }))).toBe('50');
    expect(keyFrames({ keyFrameInterval: '2s', frameRate: 25 }, probe())).toBe('50');
  });

  it.each([
    ['as asked', { width: 640, height: 360 }, probe(), 'scale=640:360'],
    ['as the source has it', { encode: 'Always' }, probe(), 'scale=1280:720'],
    ['the other side follows', { width: 640 }, probe(), 'scale=640:360'],
    ['likewise by height', { height: 360 }, probe({ width: 640, height: 480 }), 'scale=480:360'],
    ['even', { width: 641, height: 361 }, probe(), 'scale=640:360'],
    ['without a probe one side is left to ffmpeg', { width: 640 }, undefined, 'scale=640:-2'],
  ] as const)('size: %s', (_, video, known, filter) => {
    const { args } = planCapture({ source: rtmp, video, audio: {}, ...(known && { probe: known }) });
    expect(after(args, '-filter:v')).toContain(filter);
  });

  it('letter-boxes what has another shape', () => {
    const { args } = planCapture({
      source: rtmp,
      video: { width: 640, height: 640 },
      audio: {},
      probe: probe(),
    });
    expect(after(args, '-filter:v')).toContain('force_original_aspect_ratio=decrease');
    expect(after(args, '-filter:v')).toContain('pad=640:640:(ow-iw)/2:(oh-ih)/2');
  });

  it('says when a size had to be rounded', () => {
    const plan = planCapture({ source: rtmp, video: { width: 641, height: 360 }, audio: {} });
    expect(plan.notices).toMatchObject([{ reason: 'SizeRounded' }]);
  });

  it.each([
    [29.97, '30000/1001'],
    [59.94, '60000/1001'],
    [30, '30'],
    [12.5, '12.5'],
  ])('%d frames per second are %s', (frameRate, rate) => {
    const { args } = planCapture({
      source: rtmp,
      video: { encode: 'Always' },
      audio: {},
      probe: probe({ frameRate }),
    });
    expect(after(args, '-r')).toBe(rate);
  });

  it('maps by place among the type, for a number over all tracks changes with each RTMP connection', () => {
    const both = planCapture({
      source: rtmp,
      video: {},
      audio: {},
      probe: probe({ index: 1 }, {}, 'mpegts'),
    }).args;
    expect(both.filter((_, index) => both[index - 1] === '-map')).toEqual(['0:v:1', '0:a:0']);
    const unknown = planCapture({ source: rtmp, video: {}, audio: {} }).args;
    expect(unknown.filter((_, index) => unknown[index - 1] === '-map')).toEqual(['0:V:0?', '0:a:0?']);
  });
});

describe('a track that is missing', () => {
  it('is said', () => {
    const plan = (known: SourceProbe) => planCapture({ source: rtmp, video: {}, audio: {}, probe: known });
    expect(plan(probe({}, null)).notices).toMatchObject([{ reason: 'NoAudio' }]);
    expect(plan(probe(null, {})).notices).toMatchObject([{ reason: 'NoVideo' }]);
  });

  it('leaves nothing to record when both are', () => {
    expect(() => planCapture({ source: rtmp, video: {}, audio: {}, probe: probe(null, null) })).toThrow(
      expect.objectContaining({ code: 'SourceEmpty' }),
    );
  });
});

describe('the input', () => {
  it.each([
    'rtmp://user:hunter22@media.example/live/hunter22',
    'rtmps://media.example/live/hunter22?sign=hunter22',
    'srt://media.example:9000?passphrase=hunter2222&streamid=hunter22',
    'rtsp://user:hunter22@media.example/camera',
    'https://media.example/file.mp4?signature=hunter22',
    'https://user:hunter22@media.example/live.m3u8',
  ])('keeps the secret of %s out of arguments and name', (url) => {
    const plan = planCapture({ source: stream(url), video: {}, audio: {} });
    expect(plan.args.join(' ')).not.toContain('hunter22');
    expect(plan.sourceName).not.toContain('hunter22');
    expect(JSON.stringify(plan.notices)).not.toContain('hunter22');
    expect(plan.inputList).toContain(`file '${url}'`);
  });

  it('cannot be made to end its quotes', () => {
    const plan = planCapture({ source: stream("https://media.example/it's.mp4?a=1"), video: {}, audio: {} });
    expect(plan.inputList).toContain("file 'https://media.example/it'\\''s.mp4?a=1'");
  });

  it.each([
    ['rtsp://h/x', ['-rtsp_transport', 'tcp']],
    ['http://h/x.mp4', ['-reconnect', '1']],
    ['/media/a b.mp4', ['-i', 'file:/media/a b.mp4']],
    ['concat.mp4', ['-i', 'file:concat.mp4']],
  ])('of %s has its options', (url, expected) => {
    const { args } = planCapture({ source: stream(url), video: {}, audio: {} });
    expect(args.join('\n')).toContain(expected.join('\n'));
    expect(args).not.toContain('-re');
  });

  it('may open only what its kind needs', () => {
    const whitelist = (url: string) =>
      after(planCapture({ source: stream(url), video: {}, audio: {} }).args, '-protocol_whitelist')?.split(
        ',',
      );
    expect(whitelist('https://h/live.m3u8')).not.toContain('file');
    expect(whitelist('https://h/live.m3u8?t=1')).not.toContain('file');
    expect(whitelist('list.m3u8')).not.toContain('http');
  });

  it('reconnects by itself only over plain http', () => {
    for (const url of ['rtmp://h/a/b', 'rtsp://h/x', 'srt://h:1', 'https://h/x.m3u8', 'x.mp4']) {
      const plan = planCapture({ source: stream(url), video: {}, audio: {} });
      expect(`${plan.args.join(' ')} ${plan.inputList}`).not.toContain('reconnect');
    }
  });

  it('is paced only where it has no pace of its own', () => {
    expect(planCapture({ source: { type: 'TestCard' }, video: {}, audio: {} }).args).toContain('-re');
  });

  it.each([
    'concat:a|b',
    'subfile,,start,0,end,9,,:x',
    'pipe:0',
    'lavfi:x',
    'data:text/plain,x',
    'rtmp:///x',
    'http://a b/',
    '',
    'a\nb',
  ])('refuses %j', (url) => {
    const plan = () => planCapture({ source: stream(url), video: {}, audio: {} });
    if (url.startsWith('subfile')) expect(plan().args).toContain(`file:${url}`);
    else expect(plan).toThrow(expect.objectContaining({ code: 'InvalidSource' }));
  });
});

describe('what is not made', () => {
  it.each([
    [{ codec: 'VP8' }, {}, 'video.codec VP8'],
    [{}, { codec: 'MP3' }, 'audio.codec MP3'],
    [{ watermark: { url: 'https://example.com/logo.png' } }, {}, 'video.watermark'],
  ] as const)('is refused by name: %j %j', (video, audio, name) => {
    expect(() => planCapture({ source: rtmp, video, audio })).toThrow(
      expect.objectContaining({ code: 'NotSupported', message: expect.stringContaining(name) }),
    );
  });
});

describe('where a capture begins', () => {
  it.each([
    ['a finite source that is gone on with', { live: false }, 12.5, '12.500'],
    ['a live source, which has no such place', { live: true }, 12.5, undefined],
    ['a finite source from its start', { live: false }, 0, undefined],
  ])('%s', (_, kind, startSeconds, expected) => {
    const { args } = planCapture({
      source: stream('/recordings/talk.mp4'),
      video: {},
      audio: {},
      probe: { ...probe(), ...kind },
      startSeconds,
    });
    expect(args.includes('-ss') ? after(args, '-ss') : undefined).toBe(expected);
    if (expected !== undefined) expect(args.indexOf('-ss')).toBeLessThan(args.indexOf('-i'));
  });
});
