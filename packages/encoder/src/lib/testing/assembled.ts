import type { Fragment, InitSegment } from '../media.ts';
import { createMp4File, type Mp4File } from '../mp4-file.ts';
import { createTimeline, type Timeline, type TimelineOptions } from '../timeline.ts';
import type { CloseReason, TimelineEvent } from '../timeline-event.ts';

/** One file as a sink would have written it. */
export interface AssembledFile {
  readonly segment: number;
  readonly fragments: Fragment[];
  /** As it is at any moment before the end: bytes per unit, the head first. */
  readonly units: Uint8Array[];
  readonly layout: Mp4File;
  reason?: CloseReason;
  durationSeconds?: number;
}

/** Carries a timeline's events out in memory. */
export interface Assembly {
  readonly timeline: Timeline;
  readonly files: AssembledFile[];
  /** Everything but files: gaps, pauses, and so on. */
  readonly notes: TimelineEvent[];
  take(item: InitSegment | Fragment, arrivalSeconds?: number): void;
  end(): void;
}

export function createAssembly(options: Partial<TimelineOptions> = {}): Assembly {
  const timeline = createTimeline({ splitEverySeconds: 7200, ...options });
  const files: AssembledFile[] = [];
  const notes: TimelineEvent[] = [];
  const carryOut = (events: readonly TimelineEvent[]) => {
    for (const event of events) {
      const file = files.at(-1);
      if (event.type === 'open') {
        const layout = createMp4File({ init: event.init, maxSeconds: 60 });
        files.push({ segment: event.segment, fragments: [], units: [layout.head], layout });
      } else if (event.type === 'fragment' && file !== undefined) {
        file.layout.add(event.fragment, sizeOf(file));
        file.units.push(event.fragment.bytes);
        file.fragments.push(event.fragment);
      } else if (event.type === 'close' && file !== undefined) {
        file.reason = event.reason;
        file.durationSeconds = event.durationSeconds;
      } else notes.push(event);
    }
  };
  return {
    timeline,
    files,
    notes,
    take(item, arrivalSeconds = 0) {
      carryOut(item.kind === 'init' ? timeline.startSession(item) : timeline.add(item, arrivalSeconds));
    },
    end: () => carryOut(timeline.end()),
  };
}

export function sizeOf(file: AssembledFile): number {
  return file.units.reduce((sum, unit) => sum + unit.length, 0);
}

export function unfinished(file: AssembledFile): Buffer {
  return Buffer.concat(file.units);
}

export function finished(file: AssembledFile): Buffer {
  const { head, tail } = file.layout.finish(sizeOf(file));
  const bytes = unfinished(file);
  bytes.set(head);
  return Buffer.concat([bytes, tail ?? new Uint8Array()]);
}

export function compacted(file: AssembledFile): Buffer {
  const { length, bytes } = file.layout.compact(sizeOf(file));
  return Buffer.concat([bytes, unfinished(file).subarray(length)]);
}
