import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { TapedeckError } from '@tapedeck/core/error';
import { createFfmpegLog } from './ffmpeg-log.ts';
import { classifyFfmpegMessages, lastWords } from './ffmpeg-messages.ts';
import { findTie } from './ffmpeg-orphan.ts';
import { findFfprobe } from './ffmpeg-program.ts';
import type { OpenedInput } from './input-open.ts';
import { type ProbeJson, probeJson } from './probe-json.ts';

export interface FfprobeRun {
  readonly opened: OpenedInput;
  /** The source as people may see it. */
  readonly name: string;
  readonly redact: (line: string) => string;
  readonly signal: AbortSignal;
  readonly ffprobe?: string;
}

/** A description of a few tracks is some kilobytes; far more than this is not one. */
const mostOutput = 4 * 1024 * 1024;

/** Runs ffprobe once; killed when the signal is aborted. Rejects with what its words are known to mean. */
export async function runFfprobe(run: FfprobeRun): Promise<ProbeJson> {
  const ffprobe = run.ffprobe ?? (await findFfprobe());
  run.signal.throwIfAborted();
  const { exitCode, output, lines } = await collect(ffprobe, run);
  run.signal.throwIfAborted();
  if (exitCode === 0) return probeJson.parse(JSON.parse(output));
  throw (
    classifyFfmpegMessages(lines, run.name) ??
    new TapedeckError('EncoderFailed', `ffprobe could not read ${run.name}: ${lastWords(lines)}.`)
  );
}

async function collect(
  ffprobe: string,
  run: FfprobeRun,
): Promise<{ exitCode: number | null; output: string; lines: string[] }> {
  const args = [
    '-hide_banner',
    '-loglevel',
    'level+warning',
    '-print_format',
    'json',
    '-show_streams',
    '-show_format',
  ];
  const options = run.opened.options.filter(notQueueSize);
  const spawnTied = await findTie();
  const child = spawnTied(ffprobe, [...args, ...options, '-i', run.opened.input], {
    stdio: ['pipe', 'pipe', 'pipe'],
    signal: run.signal,
    killSignal: 'SIGKILL',
  });
  // Without descriptors to give, spawn fails twice: here below, and by an event that nobody would hear.
  child.on('error', () => undefined);
  const { stdin, stdout, stderr } = pipesOf(child);
  const log = createFfmpegLog(run.redact);
  let output = '';
  stdin.on('error', () => undefined); // It may end before it has read its list; its exit tells.
  stdin.end(run.opened.list ?? '');
  stderr.setEncoding('utf8').on('data', (chunk: string) => log.push(chunk));
  stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output = (output + chunk).slice(0, mostOutput);
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { exitCode, output, lines: log.tail() };
}

/** All three were asked for with `pipe`, so they are there; the check is for the compiler's sake. */
function pipesOf({ stdin, stdout, stderr }: ChildProcess): {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly stderr: Readable;
} {
  if (!stdin || !stdout || !stderr)
    throw new TapedeckError(
      'EncoderFailed',
      'ffprobe could not be given its pipes; raise the limit of open files.',
    );
  return { stdin, stdout, stderr };
}

/** ffprobe has no queue: it only looks. */
function notQueueSize(_option: string, index: number, all: readonly string[]): boolean {
  return all[index] !== '-thread_queue_size' && all[index - 1] !== '-thread_queue_size';
}
