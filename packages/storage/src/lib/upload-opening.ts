import { TapedeckError } from '@tapedeck/core';
import { type CallTimeouts, callOnce, callWithRetries } from './call.ts';
import type { Driver, ObjectSpec, UploadToken } from './driver.ts';
import type { PartSender } from './part-sender.ts';
import type { RetryPolicy } from './retry-policy.ts';

/** How long an upload that opens in the background may keep its creator waiting. */
const BACKGROUND_OPEN_MS = 3_000;
/** How often a storage that refused is tried again, where that counts as being away. */
const ASK_AGAIN_MS = 60_000;

export interface UploadOpeningPorts {
  readonly driver: Driver;
  readonly policy: RetryPolicy;
  readonly timeouts: CallTimeouts;
  /** With the prefix. */
  readonly object: ObjectSpec;
  /** For messages. */
  readonly key: string;
  readonly sender: PartSender;
  /** Makes the journal with this token durable; null while there is none. */
  readonly publish: (token: UploadToken | null) => Promise<void>;
  /** A storage that refuses is treated as one that is away. */
  readonly refusedIsAway: boolean;
  /** Calls off `now`. */
  readonly calledOff: AbortSignal | undefined;
}

/** Opens an upload, at once, in the background, or again and again. Its journal is durable before any part is sent. */
export interface UploadOpening {
  /** Rejects when the storage refuses, has been away for as long as a call may take, or `calledOff` fires. */
  now(): Promise<void>;
  /** Resolves soon in any case but a refusal; while the storage is away it goes on until it works. */
  soon(): Promise<void>;
  /** At the end: one more try where the storage had refused. */
  atEnd(): Promise<void>;
  /** A storage that refused may take it by now. Called often, does it now and then. */
  nowAndThen(): void;
}

export function createUploadOpening(ports: UploadOpeningPorts): UploadOpening {
  const { driver, policy, timeouts, object, key, sender, publish, refusedIsAway, calledOff } = ports;
  let isGoingOn = false;
  let again: Promise<void> | undefined;
  let askedMs = 0;

  async function begin(endless: boolean): Promise<void> {
    const signal =
      endless || calledOff === undefined ? sender.signal : AbortSignal.any([sender.signal, calledOff]);
    const call = () =>
      callOnce(`Opening the upload of ${key}`, timeouts.callMs, signal, (signal) =>
        driver.begin(object, { signal }),
      );
    const token = await callWithRetries(policy, { signal, endless }, call, (error) =>
      sender.noteTrouble(error),
    );
    sender.noteSuccess();
    await publish(token);
    sender.open(token);
  }

  async function goOn(): Promise<void> {
    isGoingOn = true;
    try {
      await begin(true);
    } catch (cause) {
      isGoingOn = false;
      if (!refusedIsAway) throw cause;
      // Not open, and not to be waited for: its parts go to scratch.
      const error = TapedeckError.from(cause);
      askedMs = Date.now();
      sender.noteTrouble(error);
      sender.fail(error);
      await publish(null);
    }
  }

  async function askAgain(): Promise<void> {
    askedMs = Date.now();
    sender.forgive();
    if (sender.isOpen) return;
    again ??= begin(false).finally(() => {
      again = undefined;
    });
    await again;
  }

  return {
    now: () => begin(false),
    async soon() {
      const opening = goOn();
      const { promise: patience, resolve } = Promise.withResolvers<'later'>();
      const timer = setTimeout(() => resolve('later'), BACKGROUND_OPEN_MS);
      try {
        if ((await Promise.race([opening, patience])) !== 'later') return;
        opening.catch((error: unknown) => sender.fail(TapedeckError.from(error)));
        await publish(null);
      } finally {
        clearTimeout(timer);
      }
    },
    async atEnd() {
      if (refusedIsAway && !sender.isOpen && !isGoingOn) await askAgain();
    },
    nowAndThen() {
      if (!refusedIsAway || sender.failure === undefined || Date.now() - askedMs <= ASK_AGAIN_MS) return;
      askAgain().catch((error: unknown) => sender.fail(TapedeckError.from(error)));
    },
  };
}
