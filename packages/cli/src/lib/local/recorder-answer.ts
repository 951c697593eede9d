import { spawn } from 'node:child_process';
import { redact, TapedeckError } from '@tapedeck/core';
import type { RecorderCommand } from './child-run.ts';
import { killGroup } from './process-group.ts';
import { identifyProcess } from './process-identity.ts';

/** A report of 32 steps with a sentence each is below 64 KiB; 1,024 links with a session's token in each below 4 MiB. */
const maxOutputBytes = 8 * 1024 * 1024;

/** A question that the recorder answers with one line of JSON. */
export interface RecorderQuestion<T> {
  readonly mode: 'check' | 'link';
  /** It may hold credentials: it goes over the child's stdin and nowhere else. */
  readonly spec: object;
  /** What is done, for people: `the check of storage team`. */
  readonly what: string;
  readonly answer: { parse(value: unknown): T };
  /** Its own steps give up long before. */
  readonly timeoutMs: number;
}

/**
 * Runs the recorder for an answer: spec on stdin, report as one line on stdout. Rejects with `Aborted` on the signal, and
 * with `StorageTimeout` when it takes longer than it may.
 */
export async function askRecorder<T>(
  command: RecorderCommand,
  cwd: string,
  question: RecorderQuestion<T>,
  signal: AbortSignal,
): Promise<T> {
  const { mode, spec, what, timeoutMs } = question;
  const [program, ...args] = command;
  const child = spawn(program, [...args, mode], { cwd, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const identity = child.pid === undefined ? undefined : identifyProcess(child.pid);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const kill = () => {
    if (identity !== undefined) void killGroup(identity);
  };
  limit.addEventListener('abort', kill, { once: true });
  try {
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('close', resolve);
      child.once('error', (cause) =>
        reject(
          new TapedeckError('Unknown', `the recorder ${program} cannot be started: ${cause.message}`, {
            cause,
          }),
        ),
      );
    });
    // EPIPE when it ends without reading: the report that is missing then says so.
    child.stdin.once('error', () => undefined);
    child.stdin.end(JSON.stringify(spec));
    const output = collect(child.stdout);
    const errors = collect(child.stderr);
    const code = await ended;
    if (signal.aborted) throw new TapedeckError('Aborted', `${what} was given up`);
    if (limit.aborted) {
      throw new TapedeckError('StorageTimeout', `${what} took longer than ${timeoutMs / 1000} s`);
    }
    return readAnswer(output(), question, code, errors());
  } finally {
    limit.removeEventListener('abort', kill);
    if (identity !== undefined) await killGroup(identity);
  }
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= maxOutputBytes) chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

function readAnswer<T>(
  output: string,
  { answer, what }: RecorderQuestion<T>,
  code: number | null,
  errors: string,
): T {
  const line = output.trim().split('\n').at(-1) ?? '';
  try {
    return answer.parse(JSON.parse(line));
  } catch {
    // What could not be read is not quoted, nor passed on as a cause: an answer may be a secret itself.
    const said = redact(errors.trim().split('\n').at(-1) ?? '').slice(0, 500);
    throw new TapedeckError(
      'Unknown',
      `${what} ended (${code ?? 'killed'}) without a report${said === '' ? '' : `: ${said}`}`,
    );
  }
}
