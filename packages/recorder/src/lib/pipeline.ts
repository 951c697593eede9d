import { type RecordingStopReason, type RunSpec, TapedeckError } from '@tapedeck/core';
import {
  type CapturePlan,
  createTimeline,
  type Fragment,
  type InitSegment,
  type SourceMark,
  type TimelineEvent,
} from '@tapedeck/encoder';
import type { CaptureHandlers } from './capture-session.ts';
import { firstSegment, type OutputFiles } from './output-files.ts';
import { recordingLimit } from './recording-limit.ts';
import type { RunBook } from './run-book.ts';
import { createSourceEnd } from './source-end.ts';

/** From captured media to files: the timeline decides, the files do, the book remembers. */
export interface Pipeline {
  readonly handlers: Omit<CaptureHandlers, 'onPageMessage'>;
  pause(): void;
  resume(): void;
  /** Nothing that is captured from now on is recorded; what comes before is still to be passed on. */
  stop(): void;
  /** Closes the last file. */
  end(): Promise<void>;
}

interface PipelineOptions {
  readonly spec: RunSpec;
  readonly book: RunBook;
  readonly files: OutputFiles;
  /** As much is recorded as may be. */
  readonly onFull: (reason: RecordingStopReason) => void;
}

export function createPipeline({ spec, book, files, onFull }: PipelineOptions): Pipeline {
  const limit = recordingLimit(spec);
  const timeline = createTimeline({
    splitEverySeconds: spec.splitEverySeconds,
    maxDurationSeconds: limit.seconds,
    firstSegment: firstSegment(spec),
  });
  let plan: CapturePlan | undefined;
  let lost: Parameters<CaptureHandlers['onSession']>[0]['lost'];
  let cutByStop = false;
  let marks: () => readonly SourceMark[] = () => [];
  const sourceEnd = createSourceEnd();
  /** In the session's time: an earlier attempt has recorded up to there. */
  let behindSeconds: number | undefined;
  let paused = false;

  /** Says whether capture has to be started again. */
  async function carryOut(events: readonly TimelineEvent[]): Promise<'Continue' | 'Restart'> {
    let next: 'Continue' | 'Restart' = 'Continue';
    for (const event of events) {
      switch (event.type) {
        case 'open':
          await files.open(event.init, event.segment);
          break;
        case 'fragment':
          begin(event.fragment, event.shiftSeconds);
          // Not after it, when they may be gone.
          book.bitrate.add(event.fragment.bytes.length, performance.now());
          await files.append(event.fragment);
          break;
        case 'close':
          await files.close();
          break;
        case 'gap':
          book.addGap(withoutType(event));
          break;
        case 'pause':
          // A stop cuts the timeline like a pause that nothing ends; nobody asked for that one.
          if (!cutByStop) book.addPause(withoutType(event));
          break;
        case 'formatChanged':
          next = 'Restart';
          break;
        case 'full':
          onFull(limit.reason);
          break;
      }
    }
    return next;
  }

  /** A fragment arrives once its last sample was captured, so its first one is that much older. */
  function begin({ startSeconds, endSeconds }: Fragment, shiftSeconds: number): void {
    if (behindSeconds !== undefined)
      book.missingSeconds = Math.max(0, startSeconds + shiftSeconds - behindSeconds);
    behindSeconds = undefined;
    book.sourceEnd = sourceEnd.at(marks(), { shiftSeconds, startSeconds, endSeconds });
    if (book.state === 'Starting') book.state = 'Recording';
    book.startTime ??= new Date(Date.now() - (endSeconds - startSeconds) * 1000).toISOString();
  }

  function describeTracks(init: InitSegment): void {
    for (const notice of plan?.notices ?? []) book.notice(notice);
    if (!init.tracks.some((track) => track.type === 'audio'))
      book.notice({ reason: 'NoAudio', message: 'The source has no sound; the recording has none either.' });
    if (!init.tracks.some((track) => track.type === 'video'))
      book.notice({ reason: 'NoVideo', message: 'The source has no picture; the recording is sound only.' });
  }

  const nowSeconds = () => performance.now() / 1000;
  return {
    handlers: {
      onSession(session) {
        plan = session.plan;
        lost = session.lost;
      },
      onContinues: timeline.continueSession,
      onStartsBehind(seconds) {
        behindSeconds = seconds;
        timeline.startAt(seconds);
      },
      onMarks(current) {
        marks = current;
      },
      onAway(error) {
        book.notice({ reason: 'SourceAway', message: `${error.message} It is tried again.` });
      },
      async onMedia(item, arrivedAtSeconds) {
        if (item.kind === 'fragment') return carryOut(timeline.add(item, arrivedAtSeconds));
        if (item.tracks.length === 0)
          throw new TapedeckError(
            'SourceNotMedia',
            'The source has neither picture nor sound that can be recorded.',
          );
        book.withdraw('SourceAway');
        describeTracks(item);
        if (paused && book.state === 'Starting') book.state = 'Paused';
        return carryOut(timeline.startSession(item, lost));
      },
    },
    pause() {
      paused = true;
      // Whoever went on from here would record what was to be left out.
      book.sourceEnd = undefined;
      timeline.pause(nowSeconds());
      if (book.state === 'Recording') book.state = 'Paused';
    },
    resume() {
      paused = false;
      timeline.resume(nowSeconds());
      if (book.state === 'Paused') book.state = 'Recording';
    },
    stop() {
      cutByStop = !paused;
      timeline.pause(nowSeconds());
    },
    async end() {
      await carryOut(timeline.end());
    },
  };
}

function withoutType<T extends { readonly type: string }>({ type: _type, ...rest }: T): Omit<T, 'type'> {
  return rest;
}
