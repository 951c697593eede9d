import { expect, it } from 'vitest';
import { planCapture } from './capture-plan.ts';
import type { ScreenSource } from './capture-source.ts';

const source: ScreenSource = {
  ...{ type: 'Screen', name: 'https://h/room', display: ':7', width: 640, height: 360 },
  ...{ soundServer: 'unix:/run/sound', soundSource: 'tapedeck.monitor', authority: '/run/authority' },
};

/** What stands behind each of these options. */
function values(args: readonly string[], ...options: string[]): (string | undefined)[] {
  return options.map((option) => args[args.indexOf(option) + 1]);
}

it('captures all of a display without its pointer, and the sound beside it on the same clock', () => {
  const plan = planCapture({ source, video: { frameRate: 30 }, audio: {} });
  const second = plan.args.lastIndexOf('-i');
  const [display, sound] = [plan.args.slice(0, second), plan.args.slice(plan.args.indexOf(':7') + 1)];
  expect(values(display, '-f', '-i', '-draw_mouse', '-framerate', '-video_size')).toEqual([
    ...['x11grab', ':7', '0', '30', '640x360'],
  ]);
  expect(values(sound, '-f', '-i', '-server', '-isync', '-itsoffset')).toEqual([
    ...['pulse', 'tapedeck.monitor', 'unix:/run/sound', '0', '0.057'],
  ]);
  expect(plan).toMatchObject({
    environment: { XAUTHORITY: '/run/authority' },
    ...{ live: true, videoAction: 'Encode', audioAction: 'Encode' },
  });
});

it('places frames before it fits them, and begins the sound with the picture', () => {
  const { args } = planCapture({ source, video: { frameRate: 29.97 }, audio: {} });
  const [picture, sound] = values(args, '-filter:v', '-filter:a');
  expect(picture).toMatch(/^fps=30000\/1001:start_time=0,scale=/);
  expect(sound).toBe('aresample=async=1000:first_pts=0');
});

it('says that the size is not the one that was wished', () => {
  const { notices } = planCapture({ source, video: { width: 641, height: 361 }, audio: {} });
  expect(notices).toMatchObject([
    { reason: 'SizeRounded', message: expect.stringContaining('641x361 is recorded as 640x360') },
  ]);
  expect(planCapture({ source, video: { width: 640 }, audio: {} }).notices).toEqual([]);
});

it('refuses what it cannot encode', () => {
  expect(() => planCapture({ source, video: { codec: 'VP8' }, audio: {} })).toThrow('VP8');
});
