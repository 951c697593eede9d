import { request as httpRequest } from 'node:http';
import type { CheckReport, LinkReport, LinkSpec } from '@tapedeck/core';
import { type ErrorCode, errorKinds, TapedeckError } from '@tapedeck/core/error';
import type { SecretEntry } from './secret-cache.ts';

/** The message of a `NotFound` of ours. */
const noControl = 'no control process is running';

/** The answer is made in memory; a process that takes longer is stopped (Ctrl-Z) or gone. */
const timeoutMs = 5_000;
/** A check is given up after two minutes by whoever runs it. */
const checkTimeoutMs = 130_000;
/** What is answered is small; 1,024 links with a session's token in each are the largest. */
const maxAnswerBytes = 8 * 1024 * 1024;

/** A leader listens within milliseconds of having the lock; whoever meets it in between tries again. */
export const handOverAttempts = 20;
export const handOverPauseMs = 250;

/** Hands Secrets to whoever controls. Rejects with `NotFound` when nobody listens there. */
export async function handOverSecrets(socketPath: string, entries: readonly SecretEntry[]): Promise<void> {
  await call(socketPath, 'PUT', '/secrets', JSON.stringify(entries));
}

/**
 * Has the control process check a storage with the Secrets it knows. Rejects with what the check rejects with, and
 * with `NotFound` when nobody listens there.
 */
export async function checkThroughControl(
  socketPath: string,
  storage: { readonly namespace: string; readonly name: string },
  signal: AbortSignal,
): Promise<CheckReport> {
  const path = `/storages/${encodeURIComponent(storage.namespace)}/${encodeURIComponent(storage.name)}/check`;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(checkTimeoutMs)]);
  const [{ checkReport }, answer] = await Promise.all([
    import('@tapedeck/core'),
    call(socketPath, 'POST', path, undefined, limit),
  ]);
  return understood(() => checkReport.parse(answer));
}

/** Has the control process make links with the Secrets it knows. Rejects as `checkThroughControl`. */
export async function linkThroughControl(
  socketPath: string,
  storage: { readonly namespace: string; readonly name: string },
  wanted: Pick<LinkSpec, 'keys' | 'expiresInSeconds'>,
  signal: AbortSignal,
): Promise<LinkReport> {
  const path = `/storages/${encodeURIComponent(storage.namespace)}/${encodeURIComponent(storage.name)}/link`;
  const limit = AbortSignal.any([signal, AbortSignal.timeout(checkTimeoutMs)]);
  const [{ linkReport }, answer] = await Promise.all([
    import('@tapedeck/core'),
    call(socketPath, 'POST', path, JSON.stringify(wanted), limit),
  ]);
  return understood(() => linkReport.parse(answer));
}

/** Whether a control process answers. */
export async function isControlled(socketPath: string): Promise<boolean> {
  try {
    await call(socketPath, 'GET', '/healthz');
    return true;
  } catch (error) {
    if (TapedeckError.from(error).code === 'NotFound') return false;
    throw error;
  }
}

async function call(
  socketPath: string,
  method: string,
  path: string,
  body?: string,
  signal: AbortSignal = AbortSignal.timeout(timeoutMs),
): Promise<unknown> {
  const answer = await exchange(socketPath, method, path, body, signal);
  const value = understood((): unknown => JSON.parse(answer.text));
  if (answer.status === 200) return value;
  const { code, message }: { code?: unknown; message?: unknown } =
    typeof value === 'object' && value !== null ? value : {};
  throw new TapedeckError(
    isErrorCode(code) ? code : 'Unknown',
    typeof message === 'string' ? message : `the control process answered with ${answer.status}`,
  );
}

/** Nothing of the answer is quoted, nor passed on as a cause: it may be a link. */
function understood<T>(read: () => T): T {
  try {
    return read();
  } catch {
    throw new TapedeckError(
      'Unknown',
      'the control process answers what this command does not understand; end the other one if it is of another version',
    );
  }
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(errorKinds, code);
}

function exchange(
  socketPath: string,
  method: string,
  path: string,
  body: string | undefined,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly text: string }> {
  return new Promise((resolve, reject) => {
    const request = httpRequest({ socketPath, method, path, signal, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxAnswerBytes)
          response.destroy(new Error('the answer of the control process is too long'));
        else chunks.push(chunk);
      });
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
      response.once('error', reject);
    });
    request.once('error', (cause) => {
      const code = 'code' in cause ? cause.code : undefined;
      // Nobody made the socket, or who made it is dead.
      const absent = code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ECONNRESET';
      if (absent) reject(new TapedeckError('NotFound', noControl, { cause }));
      else if (signal.aborted)
        reject(new TapedeckError('Aborted', 'the control process was not waited for', { cause }));
      else reject(cause);
    });
    request.end(body);
  });
}
