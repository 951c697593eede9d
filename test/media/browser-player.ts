/// <reference lib="dom" />
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const program = '/usr/bin/chromium';

const flags = [
  ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'],
  ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
];

/** What is on the screen after an opening or a seek. */
export interface Shown {
  /** As the browser says it; Infinity where it does not know. */
  readonly durationSeconds: number;
  readonly atSeconds: number;
  /** Mean of the picture's red, green and blue, from 0 (black) to 255. */
  readonly brightness: number;
  readonly width: number;
}

/** A real browser's video element, looked at from outside. */
export interface BrowserPlayer {
  /** Resolves with the first frame; rejects with the browser's reason when it cannot be shown. */
  open(pageUrl: string): Promise<Shown>;
  /** Resolves with the frame there. */
  seek(seconds: number): Promise<Shown>;
  /** Plays for so long (real time) and stops; gives what is shown then. */
  play(seconds: number): Promise<Shown>;
  close(): Promise<void>;
}

/** Whether there is a Chromium; under CI its absence is an error. */
export function hasBrowser(): boolean {
  if (existsSync(program)) return true;
  if (process.env.CI) throw new Error(`${program} is needed: apt-get install chromium`);
  process.stderr.write(`Skipping tests that need Chromium: install it at ${program}\n`);
  return false;
}

export async function startBrowserPlayer(): Promise<BrowserPlayer> {
  const profile = await mkdtemp(join(tmpdir(), 'tapedeck-browser-'));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: program,
    headless: true,
    args: flags,
  });
  const page = await context.newPage();
  return {
    async open(pageUrl) {
      await page.goto(pageUrl);
      return await page.evaluate(show, { src: '/video.mp4' });
    },
    seek: (seconds) => page.evaluate(show, { seek: seconds }),
    play: (seconds) => page.evaluate(show, { play: seconds }),
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

/** Runs in the page: nothing outside of it is there. */
async function show(asked: { src?: string; seek?: number; play?: number }): Promise<Shown> {
  const video = document.querySelector('video');
  if (video === null) throw new Error('there is no video element');
  const occurs = (event: string) =>
    new Promise<void>((resolve, reject) => {
      video.addEventListener(event, () => resolve(), { once: true });
      video.addEventListener('error', () => reject(new Error(video.error?.message)), { once: true });
      setTimeout(() => reject(new Error(`no ${event} within 20 s`)), 20_000);
    });
  if (asked.src !== undefined) {
    const there = occurs('loadeddata');
    video.src = asked.src;
    await there;
  }
  if (asked.seek !== undefined) {
    const there = occurs('seeked');
    video.currentTime = asked.seek;
    await there;
  }
  if (asked.play !== undefined) {
    await video.play();
    await new Promise((resolve) => setTimeout(resolve, (asked.play ?? 0) * 1000));
    video.pause();
  }
  if (video.error !== null) throw new Error(video.error.message);
  const canvas = document.createElement('canvas');
  canvas.width = 64;
  canvas.height = 36;
  const picture = canvas.getContext('2d');
  if (picture === null) throw new Error('there is no canvas to draw on');
  picture.drawImage(video, 0, 0, canvas.width, canvas.height);
  const pixels = picture.getImageData(0, 0, canvas.width, canvas.height).data;
  let sum = 0;
  for (let at = 0; at < pixels.length; at += 4)
    sum += (pixels[at] ?? 0) + (pixels[at + 1] ?? 0) + (pixels[at + 2] ?? 0);
  return {
    durationSeconds: video.duration,
    atSeconds: video.currentTime,
    brightness: sum / ((pixels.length / 4) * 3),
    width: video.videoWidth,
  };
}
