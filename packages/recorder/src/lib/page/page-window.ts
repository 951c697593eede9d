import { setTimeout as delay } from 'node:timers/promises';
import { TapedeckError } from '@tapedeck/core';
import { z } from 'zod';
import type { Devtools } from './devtools.ts';

const targets = z.object({ targetInfos: z.array(z.object({ targetId: z.string(), type: z.string() })) });

/** A browser on a busy machine answers before its window is there. */
const windowMs = 25_000;
const lookEveryMs = 50;

/** The target of the browser's first window. Rejects with `BrowserFailed` when there is none within the time. */
export async function findPageWindow(devtools: Devtools, timeoutMs = windowMs): Promise<string> {
  for (const endMs = performance.now() + timeoutMs; performance.now() < endMs; await delay(lookEveryMs)) {
    const { targetInfos } = targets.parse(await devtools.call('Target.getTargets'));
    const first = targetInfos.find(({ type }) => type === 'page');
    if (first !== undefined) return first.targetId;
  }
  throw new TapedeckError(
    'BrowserFailed',
    `The browser has opened no window within ${Math.round(timeoutMs / 1000)} s.`,
  );
}
