/** A stretch that is left out, on the clock of the arrivals. */
export interface Pause {
  readonly from: number;
  /** Undefined while it lasts. */
  to: number | undefined;
  /** Once it has begun: where the media was cut, and in which session. */
  cut: { readonly seconds: number; readonly session: object } | undefined;
}

/** The pauses that media has not got past yet, in order. */
export interface PauseQueue {
  readonly next: Pause | undefined;
  begin(at: number): void;
  finish(at: number): void;
  /** The first one is over. */
  drop(): void;
  /** How much of an interval they cover. */
  covered(from: number, to: number): number;
}

export function createPauseQueue(): PauseQueue {
  const pauses: Pause[] = [];
  return {
    get next() {
      return pauses[0];
    },
    begin(at) {
      const last = pauses.at(-1);
      if (last === undefined || last.to !== undefined)
        pauses.push({ from: at, to: undefined, cut: undefined });
    },
    finish(at) {
      const last = pauses.at(-1);
      if (last !== undefined) last.to ??= at;
    },
    drop() {
      pauses.shift();
    },
    covered: (from, to) =>
      pauses.reduce((sum, pause) => {
        const overlap = Math.min(to, pause.to ?? Number.POSITIVE_INFINITY) - Math.max(from, pause.from);
        return sum + Math.max(0, overlap);
      }, 0),
  };
}

/**
 * From which media time on a pause that is over lets media pass. Its length in media is never less than what was
 * asked for, even if the estimate of the latency has changed meanwhile.
 */
export function resumeSeconds(pause: Pause, to: number, latency: number, session: object): number {
  const mapped = to - latency;
  return pause.cut?.session === session ? Math.max(mapped, pause.cut.seconds + to - pause.from) : mapped;
}
