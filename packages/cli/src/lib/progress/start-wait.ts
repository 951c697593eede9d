import type { ExternalStorage } from '@tapedeck/core';
import type { CliExitCode } from '../cli-exit.ts';
import { type Starting, type StartLimit, startLimit } from './start-limit.ts';

/** Every storage is checked first, which takes a moment: nothing is said of that. */
const noticeSeconds = 3;

/** Sees to it that recordings and copies do not wait for ever for what they need to begin. */
export interface StartWait {
  /** To be called with every change; calls back for each that has waited too long, once. */
  update(all: readonly Starting[], storages: readonly ExternalStorage[]): void;
  /** By uid: those that were given up, and the exit code that says what they waited for. */
  readonly givenUp: ReadonlyMap<string, CliExitCode>;
  close(): void;
}

/** `limit` in seconds, instead of what suits the reason that they wait for. */
export function createStartWait(options: {
  readonly limit: number | undefined;
  readonly say: (text: string) => void;
  readonly onGiveUp: (starting: Starting) => void;
}): StartWait {
  const { say, onGiveUp } = options;
  const begun = new Map<string, number>();
  const told = new Set<string>();
  const givenUp = new Map<string, CliExitCode>();
  const timers = new Map<string, NodeJS.Timeout>();
  let closed = false;

  /** In place of what was planned for it before. */
  function plan(uid: string, atMs: number, action: () => void): void {
    clearTimeout(timers.get(uid));
    timers.set(uid, setTimeout(action, Math.max(0, atMs - Date.now())));
  }

  /** It has begun, or is gone. */
  function forget(uid: string): void {
    clearTimeout(timers.get(uid));
    timers.delete(uid);
    begun.delete(uid);
  }

  function watch(starting: Starting, { seconds, exit }: StartLimit): void {
    const { uid = '', name } = starting.metadata;
    if (givenUp.has(uid)) return;
    const since = begun.get(uid) ?? Date.now();
    begun.set(uid, since);
    const end = since + seconds * 1000;
    const giveUp = () => {
      givenUp.set(uid, exit);
      say(`${name} has waited for ${seconds} s to begin, and is given up; --wait allows it longer.`);
      onGiveUp(starting);
    };
    if (told.has(uid) || seconds <= noticeSeconds) {
      plan(uid, end, giveUp);
      return;
    }
    plan(uid, since + noticeSeconds * 1000, () => {
      told.add(uid);
      say(`${name} begins by itself once that is put right; it waits until ${new Date(end).toISOString()}.`);
      plan(uid, end, giveUp);
    });
  }

  return {
    givenUp,
    update(all, storages) {
      // A look that was on its way.
      if (closed) return;
      const present = new Set(all.map(({ metadata }) => metadata.uid ?? ''));
      for (const uid of [...timers.keys()]) if (!present.has(uid)) forget(uid);
      for (const starting of all) {
        const { uid = '', namespace } = starting.metadata;
        const limit = startLimit(
          starting,
          storages.filter(({ metadata }) => metadata.namespace === namespace),
        );
        if (limit !== undefined) {
          watch(starting, { ...limit, seconds: options.limit ?? limit.seconds });
          continue;
        }
        forget(uid);
      }
    },
    close() {
      closed = true;
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
