import { spawn } from 'node:child_process';
import { type CheckReport, type CheckSpec, checkReport, redact, TapedeckError } from '@tapedeck/core';
import type { RecorderCommand } from './child-run.ts';
import { killGroup } from './process-group.ts';
import { identifyProcess } from './process-identity.ts';

/** A check's own steps give up long before. */
const checkTimeoutMs = 120_000;
/** A report of 32 steps with a sentence each is below 64 KiB. */
const maxOutputBytes = 1024 * 1024;

/**
 * Runs `recorder check` to its end: spec on stdin, report as one line on stdout. Rejects with `Aborted` on the
 * signal, and with `StorageTimeout` when it takes longer than any check may.
 */
export async function runCheck(
  command: RecorderCommand,
  cwd: string,
  spec: CheckSpec,
  signal: AbortSignal,
): Promise<CheckReport> {
  const [program, ...args] = command;
  const child = spawn(program, [...args, 'check'], { cwd, detached: true, stdio: ['pipe', 'pipe', 'pipe'] });
  const identity = child.pid === undefined ? undefined : identifyProcess(child.pid);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(checkTimeoutMs)]);
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
    if (signal.aborted)
      throw new TapedeckError('Aborted', `the check of storage ${spec.storage.name} was given up`);
    if (limit.aborted) {
      throw new TapedeckError(
        'StorageTimeout',
        `the check of storage ${spec.storage.name} took longer than ${checkTimeoutMs / 1000} s`,
      );
    }
    return readReport(output(), spec, code, errors());
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

function readReport(output: string, spec: CheckSpec, code: number | null, errors: string): CheckReport {
  const line = output.trim().split('\n').at(-1) ?? '';
  try {
    return checkReport.parse(JSON.parse(line));
  } catch (cause) {
    const said = redact(errors.trim().split('\n').at(-1) ?? '').slice(0, 500);
    throw new TapedeckError(
      'Unknown',
      `the check of storage ${spec.storage.name} ended (${code ?? 'killed'}) without a report${said === '' ? '' : `: ${said}`}`,
      { cause },
    );
  }
}
