import { type RunSpec, type SourceEnd as SourceEndMarks, TapedeckError } from '@tapedeck/core';

import {
  type Capture,
  type CaptureEnd,
  type CapturePlan,
  createFormatBorder,
  createMp4FragmentReader,
  type FormatBorder,
  type Fragment,
  type GapReason,
  type InitSegment,
  planCapture,
  probeSource,
  type SourceMark,
  startCapture,
} from '@tapedeck/encoder';
import type { Page } from './page/page.ts';
import type { PageKeeper } from './page/page-keeper.ts';
import type { PageMessage } from './page/page-message.ts';
import type { RunLog } from './run-log.ts';
import type { SourceContinuity } from './source-continuity.ts';
import { marksOf } from './source-marks.ts';

/** How long one probe may take: long enough for a broadcast that has just begun to say what it is. */
const probeTimeoutSeconds = 10;

/** Why a session ended that another one follows. */
export type LossReason = Extract<GapReason, 'SourceLost' | 'EncoderFailed' | 'FormatChanged' | PageLoss>;
const pageLosses = ['PageCrashed', 'PageHung', 'BrowserFailed'] as const;
type PageLoss = (typeof pageLosses)[number];

export interface CaptureHandlers {
  /** A new ffmpeg runs; all media that follows is of this session. `lost` says why the session before it ended. */
  onSession(session: { readonly plan: CapturePlan; readonly lost: LossReason | undefined }): void;
  /** The session brings what the one before did, `offsetSeconds` later by its own times; before its first fragment. */
  onContinues(offsetSeconds: number, sameSamples: boolean): void;
  /** The first session brings what an earlier attempt has recorded up to `seconds` of the session's time. */
  onStartsBehind(seconds: number): void;
  /** The marks of the session so far, in its time; asked at any moment. */
  onMarks(marks: () => readonly SourceMark[]): void;
  /** The source is not there, or not any more; it is tried again. */
  onAway(error: TapedeckError): void;
  /** The page that is recorded says something. */
  onPageMessage(message: PageMessage): void;
  /** Awaited before more is read, so a slow sink slows ffmpeg and never fills memory. Says whether to go on. */
  onMedia(item: InitSegment | Fragment, arrivedAtSeconds: number): Promise<'Continue' | 'Restart'>;
}

export interface SessionOptions extends CaptureHandlers {
  /** What the attempt before recorded of this source; resolves with where its file ends, once that is known. */
  readonly before?: Before | undefined;
  readonly spec: RunSpec;
  readonly log: RunLog;
  /** Aborted: ffmpeg is asked to end, what it still writes is passed on, and the loop returns. */
  readonly stop: AbortSignal;
}

export interface Before {
  readonly end: SourceEndMarks;
  endSeconds(): Promise<number>;
}

export function sourceTimeouts(spec: RunSpec): { lostSeconds: number; startSeconds: number } {
  if (spec.source.type === 'Stream')
    return { lostSeconds: spec.source.lostTimeoutSeconds, startSeconds: spec.source.startTimeoutSeconds };
  if (spec.source.type === 'Page')
    return { lostSeconds: spec.source.readyTimeoutSeconds, startSeconds: spec.source.readyTimeoutSeconds };
  // The test card needs nobody but ffmpeg: what fails here fails for good.
  return { lostSeconds: 30, startSeconds: 30 };
}

/** How one capture ended. */
export interface SessionEnd {
  /** Length of what came. */
  readonly readSeconds: number;
  /** Media of this session reached the timeline. */
  readonly flowed: boolean;
  readonly ended: 'Over' | 'Broken';
  readonly error: TapedeckError | undefined;
  readonly lost: LossReason;
  /** It was the page or its browser that broke. */
  readonly pageFailed: boolean;
}

/** What is known of the source when a capture of it begins. */
export interface SessionStart {
  readonly lost: SessionEnd['lost'] | undefined;
  readonly position: number;
  /** Since media of this source came last; undefined before it did. */
  readonly awaySeconds: number | undefined;
  readonly continuity: SourceContinuity;
  readonly before: Before | undefined;
  readonly pages: PageKeeper;
}

/** Captures the source until this capture of it ends, whatever ends it. */
export async function captureOnce(options: SessionOptions, start: SessionStart): Promise<SessionEnd> {
  const { spec, stop, log } = options;
  let capture: Capture;
  let plan: CapturePlan;
  let page: Page | undefined;
  const nothing = { flowed: false, readSeconds: 0, lost: 'SourceLost', pageFailed: false } as const;
  try {
    if (spec.source.type === 'Page') page = await start.pages.open(stop, options.onPageMessage);
    const planned =
      page === undefined
        ? await planSession(spec, start, stop)
        : planCapture({ source: page.screen, video: spec.video, audio: spec.audio });
    if (planned === undefined) return { ...nothing, ended: 'Over', error: undefined };
    plan = planned;
    capture = await startCapture(plan, {
      signal: page === undefined ? stop : AbortSignal.any([stop, page.failed]),
      startTimeoutSeconds: sourceTimeouts(spec).startSeconds,
    });
  } catch (error) {
    // A page that breaks before its capture runs calls that off.
    return { ...nothing, ended: 'Broken', error: page?.error ?? TapedeckError.from(error) };
  }
  log.info('CaptureStarted', { source: plan.sourceName, video: plan.videoAction, audio: plan.audioAction });
  const pumped = await pump(capture, {
    ...options,
    onBegin: () => options.onSession({ plan, lost: start.lost }),
    beforeFirst: async (init, first) => {
      const marks = await marksOf(capture, plan, { init, first });
      const offset = start.continuity.begin(marks());
      options.onMarks(marks);
      if (start.lost !== undefined || start.before !== undefined)
        log.info('SourceAgain', {
          offsetSeconds: offset,
          marks: marks().length,
          awaySeconds: start.awaySeconds,
        });
      if (offset === undefined) return () => start.continuity.end(marks());
      if (start.before === undefined) options.onContinues(offset, plan.videoAction === 'Copy');
      else options.onStartsBehind((await start.before.endSeconds()) + offset);
      return () => start.continuity.end(marks());
    },
  });
  const end = await capture.ended;
  log.info('CaptureEnded', {
    exitCode: end.exitCode,
    signal: end.signal,
    code: end.error?.code,
    words: end.stderrTail.slice(-3),
  });
  return judge(plan, end, { ...pumped, ...brokenBy(page) });
}

/** What the page's own end says of the session; ffmpeg, which was then asked to end, says nothing. */
function brokenBy(page: Page | undefined): { error: TapedeckError; pageFailed: true } | undefined {
  return page?.error === undefined ? undefined : { error: page.error, pageFailed: true };
}

/** A finite source that ends this close behind the position has been read. */
const nothingLeftSeconds = 0.5;

/** Undefined when there is nothing left to read of a finite source. */
async function planSession(
  spec: RunSpec,
  { position, awaySeconds }: SessionStart,
  stop: AbortSignal,
): Promise<CapturePlan | undefined> {
  const { source, video, audio } = spec;
  if (source.type === 'Page') return undefined;
  if (source.type === 'TestCard') return planCapture({ source, video, audio });
  const probe = await probeSource(source.url, {
    signal: stop,
    timeoutSeconds: Math.min(probeTimeoutSeconds, source.startTimeoutSeconds),
  });
  const left = (probe.durationSeconds ?? Number.POSITIVE_INFINITY) - position;
  if (!probe.live && position > 0 && left < nothingLeftSeconds) return undefined;
  return planCapture({
    source: { type: 'Stream', url: source.url },
    video,
    audio,
    probe,
    startSeconds: position,
    ...(awaySeconds === undefined ? {} : { awaySeconds }),
  });
}

interface Pumped {
  readonly flowed: boolean;
  readonly readSeconds: number;
  readonly restart: boolean;
  readonly error?: TapedeckError;
  readonly pageFailed?: boolean;
}

interface PumpOptions extends SessionOptions {
  readonly onBegin: () => void;
  /** Gives what is to be done once the capture has ended. */
  readonly beforeFirst: (init: InitSegment, first: Fragment) => Promise<() => void>;
}

async function pump(capture: Capture, options: PumpOptions): Promise<Pumped> {
  const reader = createMp4FragmentReader();
  let border: FormatBorder | undefined;
  let init: InitSegment | undefined;
  let atEnd: () => void = () => undefined;
  let flowed = false;
  let readSeconds = 0;

  async function take(item: InitSegment | Fragment, arrivedAt: number): Promise<'Continue' | 'Restart'> {
    if (item.kind === 'init') {
      if (!flowed) options.onBegin();
      border = createFormatBorder(item);
      init = item;
    } else {
      if (!flowed && init !== undefined) atEnd = await options.beforeFirst(init, item);
      if (border?.isBehind(item, capture.formatChangedAt)) return 'Restart';
      flowed = true;
      readSeconds = Math.max(readSeconds, item.endSeconds);
    }
    return await options.onMedia(item, arrivedAt);
  }

  async function takeAll(): Promise<'Continue' | 'Restart'> {
    for await (const chunk of capture.stdout as AsyncIterable<Buffer>) {
      const arrivedAt = performance.now() / 1000;
      for (const item of reader.push(chunk)) {
        if ((await take(item, arrivedAt)) === 'Restart') return 'Restart';
      }
    }
    return 'Continue';
  }

  try {
    const restart = (await takeAll()) === 'Restart';
    // Only now: while somebody is about to read its output, a killed process is not over.
    if (restart) await capture.kill();
    return { flowed, readSeconds, restart };
  } catch (error) {
    await capture.kill();
    if (error instanceof TapedeckError && error.fault === 'request')
      return { flowed, readSeconds, restart: false, error };
    throw error;
  } finally {
    atEnd();
  }
}

function judge(plan: CapturePlan, end: CaptureEnd, pumped: Pumped): SessionEnd {
  const { flowed, readSeconds, pageFailed = false } = pumped;
  if (pumped.restart || end.formatChanged) {
    const message = `${plan.sourceName} has changed its format; it is captured anew.`;
    const error = new TapedeckError('SourceLost', message);
    return { flowed, readSeconds, ended: 'Broken', error, lost: 'FormatChanged', pageFailed };
  }
  const error = pumped.error ?? end.error;
  // A signal that we did not send took the encoder, not the source, away.
  const encoderLost = end.signal !== null && !end.asked ? 'EncoderFailed' : 'SourceLost';
  const lost = pageLosses.find((code) => pageFailed && code === error?.code) ?? encoderLost;
  const over = error === undefined && !plan.live && end.exitCode === 0;
  return { flowed, readSeconds, ended: over ? 'Over' : 'Broken', error, lost, pageFailed };
}
