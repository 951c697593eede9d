import { expect, it } from 'vitest';
import { chooseTracks, probeJson } from './probe-json.ts';

const video = { codec_type: 'video', codec_name: 'h264', width: 640, height: 360, avg_frame_rate: '30/1' };
const audio = { codec_type: 'audio', codec_name: 'aac', sample_rate: '48000', channels: 2 };
const choose = (...streams: object[]) =>
  chooseTracks(probeJson.parse({ streams: streams.map((stream, index) => ({ index, ...stream })) }));

it('takes the largest picture and the sound beside it', () => {
  const found = choose(
    video,
    audio,
    { ...video, width: 1280, height: 720 },
    { ...audio, sample_rate: '44100' },
  );
  expect(found).toMatchObject({ video: { index: 1, width: 1280 }, audio: { index: 1, sampleRate: 44_100 } });
});

it('takes cover art for no picture, and counts it all the same', () => {
  expect(choose({ ...video, disposition: { attached_pic: 1 } }, audio)).toEqual({ audio: expect.anything() });
  expect(choose({ ...video, disposition: { attached_pic: 1 } }, video).video?.index).toBe(1);
});

it.each([
  ['1000/1', '0/0', undefined],
  ['0/0', '25/1', 25],
  ['30000/1001', '30/1', 30_000 / 1001],
  ['2997020/100000', '30/1', 30_000 / 1001],
  ['9999938/1000000', '30/1', 10],
  ['1250/100', '25/1', 12.5],
])('frame rates %s and %s', (average, real, rate) => {
  const found = choose({ ...video, avg_frame_rate: average, r_frame_rate: real }).video?.frameRate;
  if (rate === undefined) expect(found).toBeUndefined();
  else expect(found).toBeCloseTo(rate, 8);
});

it('gives the size as it is shown', () => {
  expect(choose({ ...video, sample_aspect_ratio: '4:3' }).video).toMatchObject({
    width: 852,
    height: 360,
    plain: false,
  });
  expect(choose({ ...video, side_data_list: [{ rotation: -90 }] }).video).toMatchObject({
    width: 360,
    height: 640,
    plain: false,
  });
});

it('has no track of which nothing is known', () => {
  expect(choose({ ...video, width: 0 }, { ...audio, sample_rate: '0' })).toEqual({});
});
