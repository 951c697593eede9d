import { setTimeout as delay } from 'node:timers/promises';

import { countedFiles, TapedeckError } from '@tapedeck/core';
import {
  type Before,
  captureOnce,
  type LossReason,
  type SessionOptions,
  sourceTimeouts,
} from './capture-session.ts';
import type { PageKeeper } from './page/page-keeper.ts';
import { createSourceContinuity } from './source-continuity.ts';

/** Between two tries to reach a source: soon at first, for most losses are short. */
const retryDelaysMs = [250, 500, 1_000, 2_000];

/** How capturing came to its end by itself. */
export type SourceEnd =
  /** The source was over (a file read to its end), or gone for longer than it may be. */
  | { readonly kind: 'Ended' }
  /** It never came, or what came cannot be recorded. */
  | { readonly kind: 'Failed'; readonly error: TapedeckError };

/**
 * Keeps one source captured: probes it, runs ffmpeg, and does both again when a live source drops, until the
 * source is over, is gone for longer than it may be, or `stop` is aborted (then it returns undefined). A page that is shown stays, for whoever has the keeper to close.
 */
export async function captureLoop(
  options: SessionOptions,
  pages: PageKeeper,
): Promise<SourceEnd | undefined> {
  const { spec, stop, log } = options;
  const timeouts = sourceTimeouts(spec);
  let awaySinceMs = performance.now();
  let everFlowed = false;
  let lost: LossReason | undefined;
  let fruitless = 0;
  const continuity = createSourceContinuity(options.before?.end.marks);
  let before = options.before;
  /** Where a finite source is gone on from when its encoder broke; earlier attempts read it up to there. */
  let position = countedFiles(spec.previous).reduce((sum, file) => sum + file.durationSeconds, 0);

  while (!stop.aborted) {
    const awaySeconds = everFlowed
      ? (performance.now() - awaySinceMs) / 1000
      : before && secondsSince(before);
    const session = await captureOnce(options, { lost, position, awaySeconds, continuity, before, pages });
    if (session.flowed) before = undefined;
    position += session.readSeconds;
    if (session.flowed) {
      everFlowed = true;
      fruitless = 0;
      awaySinceMs = performance.now();
    }
    if (stop.aborted) return undefined;
    if (session.ended === 'Over' && (everFlowed || position > 0)) return { kind: 'Ended' };

    const error =
      session.error ?? new TapedeckError('SourceEmpty', 'The source ended before it sent any media.');
    const awayMs = performance.now() - awaySinceMs;
    const allowedMs = (everFlowed ? timeouts.lostSeconds : timeouts.startSeconds) * 1000;
    if (session.pageFailed && session.flowed && !pages.failed(performance.now()))
      return { kind: 'Failed', error };
    log.warn('SourceAway', { code: error.code, message: error.message, awayMs: Math.round(awayMs) });
    if (!everFlowed && error.retry === 'stalled') return { kind: 'Failed', error };
    const waitMs = session.flowed ? 0 : (retryDelaysMs[Math.min(fruitless, retryDelaysMs.length - 1)] ?? 0);
    if (awayMs + waitMs > allowedMs) return everFlowed ? { kind: 'Ended' } : { kind: 'Failed', error };
    fruitless += 1;
    options.onAway(error);
    if (session.flowed || lost === undefined) lost = session.lost;
    await delay(waitMs, undefined, { signal: stop }).catch(() => undefined); // an abort ends the loop above
  }
  return undefined;
}

function secondsSince({ end }: Before): number {
  return Math.max(0, (Date.now() - Date.parse(end.time)) / 1000);
}
