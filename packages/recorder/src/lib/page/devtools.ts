import type { Readable, Writable } from 'node:stream';
import { TapedeckError } from '@tapedeck/core';
import { z } from 'zod';
import { parseJson } from './json-text.ts';

/** Something that the browser tells by itself; `session` names the tab. */
export interface DevtoolsEvent {
  readonly method: string;
  readonly params: unknown;
  readonly session: string | undefined;
}

/** A conversation with Chromium in its DevTools protocol, over a pipe that no page can reach. */
export interface Devtools {
  /** Rejects with `BrowserFailed` when it is refused, takes longer than `timeoutMs`, or the browser ends. */
  call(
    method: string,
    params?: object,
    options?: { readonly session?: string | undefined; readonly timeoutMs?: number },
  ): Promise<unknown>;
  /** Calls back until `close`. */
  listen(listener: (event: DevtoolsEvent) => void): void;
  close(): void;
}

const message = z.object({
  id: z.number().optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  sessionId: z.string().optional(),
  result: z.unknown().optional(),
  error: z.object({ message: z.string() }).optional(),
});

/** Of one message, in bytes; what is longer comes from a page that wants to fill memory, and is passed over. */
export const longestMessage = 16 * 1024 * 1024;
const defaultTimeoutMs = 20_000;

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: TapedeckError) => void;
}

/** Messages are JSON, each followed by a zero byte. */
export function createDevtools(input: Writable, output: Readable): Devtools {
  const waiting = new Map<number, Waiting>();
  const listeners: ((event: DevtoolsEvent) => void)[] = [];
  let nextId = 0;
  let closed = false;

  function close(): void {
    closed = true;
    listeners.length = 0;
    for (const { reject } of waiting.values()) reject(gone());
    waiting.clear();
    input.destroy();
    output.destroy();
  }

  function take(text: string): void {
    const parsed = message.safeParse(parseJson(text));
    if (!parsed.success) return;
    const { id, method, params, sessionId, result, error } = parsed.data;
    if (method !== undefined) {
      for (const listener of listeners) listener({ method, params, session: sessionId });
      return;
    }
    const call = id === undefined ? undefined : waiting.get(id);
    if (id === undefined || call === undefined) return;
    waiting.delete(id);
    if (error === undefined) call.resolve(result);
    else call.reject(new TapedeckError('BrowserFailed', `${refuses}: ${error.message}.`));
  }

  input.on('error', close);
  output.on('error', close);
  output.on('close', close);
  splitMessages(output, take);

  return {
    call(method, params = {}, { session, timeoutMs = defaultTimeoutMs } = {}) {
      if (closed) return Promise.reject(gone());
      nextId += 1;
      const id = nextId;
      return new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiting.delete(id);
          reject(
            new TapedeckError(
              'BrowserFailed',
              `The browser did not answer ${method} within ${timeoutMs} ms.`,
            ),
          );
        }, timeoutMs);
        const settle =
          <T>(how: (value: T) => void) =>
          (value: T) => {
            clearTimeout(timer);
            how(value);
          };
        waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
        input.write(`${JSON.stringify({ id, method, params, ...(session && { sessionId: session }) })}\0`);
      });
    },
    listen(listener) {
      listeners.push(listener);
    },
    close,
  };
}

const refuses = 'The browser refuses';

/** Has the browser answered a call with no, and not been silent? */
export function isRefusal(error: unknown): boolean {
  return error instanceof TapedeckError && error.message.startsWith(refuses);
}

function gone(): TapedeckError {
  return new TapedeckError('BrowserFailed', 'The browser has ended.');
}

function splitMessages(output: Readable, take: (text: string) => void): void {
  let pieces: Buffer[] = [];
  let length = 0;
  const add = (piece: Buffer) => {
    length += piece.length;
    if (length > longestMessage) pieces = [];
    else pieces.push(piece);
  };
  output.on('data', (chunk: Buffer) => {
    let from = 0;
    for (let zero = chunk.indexOf(0); zero !== -1; zero = chunk.indexOf(0, from)) {
      add(chunk.subarray(from, zero));
      if (length <= longestMessage) take(Buffer.concat(pieces).toString('utf8'));
      pieces = [];
      length = 0;
      from = zero + 1;
    }
    add(chunk.subarray(from));
  });
}
