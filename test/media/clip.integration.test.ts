import { planCapture, probeSource, startCapture } from '@tapedeck/encoder';
import { expect, it } from 'vitest';
import { startBroadcast } from './broadcast.ts';
import { clipSeconds, realClip } from './clip.ts';

it('the clip with people and speech is broadcast over RTMP and captured', async () => {
  const file = await realClip();
  expect(await probeSource(file)).toMatchObject({ durationSeconds: expect.closeTo(clipSeconds, 0) });
  const broadcast = await startBroadcast('Rtmp', { file });
  try {
    const probe = await probeSource(broadcast.url);
    expect(probe).toMatchObject({
      video: { codec: 'h264', width: 320, height: 240 },
      audio: { codec: 'aac' },
    });
    const capture = await startCapture(
      planCapture({ source: { type: 'Stream', url: broadcast.url }, video: {}, audio: {}, probe }),
    );
    capture.stdout.resume();
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const end = await capture.stop();
    expect(end.error).toBeUndefined();
    expect(end.stats.bytes).toBeGreaterThan(50_000);
  } finally {
    await broadcast.stop();
  }
});
