import { type RunNotice, TapedeckError } from '@tapedeck/core';
import type { Fragment, InitSegment } from '@tapedeck/encoder';
import type { FileSink } from './file-sink.ts';

/** What recording needs of an output file, in one storage or in several. */
export type OutputFile = Pick<FileSink, 'begin' | 'append' | 'finish' | 'close' | 'discard'> & {
  /** One for each storage that gets it. */
  readonly sinks: readonly FileSink[];
};

/**
 * What may wait for a copy, in bytes, besides the fragment that its upload is taking: uploads spool, so only one whose
 * scratch is full and whose storage is slow falls behind at all. Fragments are shared between the copies, so this and two
 * fragments are all that a slow one keeps alive: as much as a part and a half, and those.
 */
const MAX_BEHIND = 8 * 1024 * 1024;

interface Lane {
  readonly sink: FileSink;
  queue: Promise<void>;
  /** Bytes of what its upload has not begun to take. */
  waiting: number;
  failure: TapedeckError | undefined;
}

/**
 * The same file in several storages. Each copy has its own upload, journal and spool; one that cannot go on gets no more,
 * keeps what it has, and is told. Rejects only when no copy goes on.
 */
export function mirrorFile(sinks: readonly FileSink[], onNotice: (notice: RunNotice) => void): OutputFile {
  const lanes: Lane[] = sinks.map((sink) => ({
    sink,
    queue: Promise.resolve(),
    waiting: 0,
    failure: undefined,
  }));

  function dropOut(lane: Lane, error: TapedeckError): void {
    if (lane.failure !== undefined) return;
    lane.failure = error;
    const { storage, durationSeconds } = lane.sink.file;
    onNotice({
      reason: 'CopyEnded',
      message: `The copy in ${storage} ends after ${durationSeconds.toFixed(1)} s of its file: ${error.message}`,
    });
  }

  /** To all copies that go on; waits for each until it has taken it, but for one that is behind. */
  async function each(bytes: number, action: (sink: FileSink) => Promise<void>): Promise<void> {
    const going = lanes.filter(({ failure }) => failure === undefined);
    for (const lane of going) {
      const isBehind = lane.waiting > MAX_BEHIND;
      lane.waiting += bytes;
      lane.queue = lane.queue
        .then(async () => {
          lane.waiting -= bytes;
          if (lane.failure === undefined) await action(lane.sink);
        })
        .catch((error: unknown) => dropOut(lane, TapedeckError.from(error)));
      if (isBehind) {
        const message = 'its storage is slower than the recording, and its scratch is full.';
        dropOut(lane, new TapedeckError('SpoolFull', message));
      }
    }
    // The quickest sets the pace: a slow one has its queue, and then drops out.
    await Promise.race(going.map(({ queue }) => queue));
    const [first] = lanes;
    if (lanes.every(({ failure }) => failure !== undefined) && first?.failure !== undefined)
      throw first.failure;
  }

  async function all(action: (sink: FileSink) => Promise<void>): Promise<void> {
    const ended = await Promise.allSettled(
      lanes.map(async ({ sink, queue }) => {
        await queue;
        await action(sink);
      }),
    );
    for (const one of ended) if (one.status === 'rejected') throw one.reason;
  }

  return {
    sinks,
    begin: (init: InitSegment) => each(0, (sink) => sink.begin(init)),
    append: (fragment: Fragment, signal) =>
      each(fragment.bytes.length, (sink) => sink.append(fragment, signal)),
    // One that dropped out is completed too, as far as it goes.
    finish: (signal) => all((sink) => sink.finish(signal)),
    async close() {
      await Promise.allSettled(sinks.map((sink) => sink.close()));
    },
    discard: () => all((sink) => sink.discard()),
  };
}
