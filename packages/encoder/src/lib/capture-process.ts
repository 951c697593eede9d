import type { ChildProcess } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { TapedeckError } from '@tapedeck/core/error';
import type { Capture, CaptureEnd, CaptureOptions, CaptureStats } from './capture-contract.ts';
import { inputListDescriptor, progressDescriptor, watchDescriptor } from './capture-descriptors.ts';
import { captureFailure } from './capture-failure.ts';
import { createFormatWatch } from './capture-format-watch.ts';
import { createMarkReader } from './capture-marks.ts';
import type { CapturePlan } from './capture-source.ts';
import { watchStall } from './capture-stall.ts';
import { createFfmpegLog } from './ffmpeg-log.ts';
import { findTie } from './ffmpeg-orphan.ts';
import { findFfmpeg } from './ffmpeg-program.ts';
import { createProgressReader, noStats } from './ffmpeg-progress.ts';
import { createRedactor } from './input-redact.ts';
import { parseInputAddress } from './input-url.ts';

/**
 * The first SIGINT is noticed between two reads, and a read of HLS waits for the next segment. The second breaks
 * the read off, and with it the writing of the fragment in progress: at most one second of media, which is why
 * ffmpeg is given this time to come back by itself.
 */
const interruptAfterSeconds = 1;

/**
 * How long ffmpeg runs on after a change of format. What precedes the change is written when the frame after it
 * reaches the muxer, which waits for a sound to go with it; the fragment that begins there is a second away, and
 * is left out should it come.
 */
const changeGraceMilliseconds = 300;

/**
 * Starts ffmpeg on a plan. Rejects with `EncoderMissing` when there is none, `Aborted` when the signal was
 * aborted already; whatever goes wrong after that is told by `ended`.
 */
export async function startCapture(plan: CapturePlan, options: CaptureOptions = {}): Promise<Capture> {
  const ffmpeg = options.ffmpeg ?? (await findFfmpeg());
  const spawnTied = await findTie();
  if (options.signal?.aborted)
    throw new TapedeckError('Aborted', `Capture of ${plan.sourceName} was called off.`);
  const child = spawnTied(ffmpeg, plan.args, {
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
    // A group of its own: Ctrl-C in a terminal is for us, and we ask ffmpeg in our own time.
    detached: true,
    env: { ...process.env, ...plan.environment },
  });
  return superviseCapture(child, plan, options);
}

function superviseCapture(child: ChildProcess, plan: CapturePlan, options: CaptureOptions): Capture {
  // Without descriptors to give, spawn fails twice: here below, and by an event that nobody would hear.
  child.on('error', () => undefined);
  const { stdout, stderr, progress, list, watched } = pipesOf(child);
  let stats: CaptureStats = noStats;
  let asked = false;
  let asking = false;
  let killed = false;
  let formatChangedAt: number | undefined;
  let stalled: TapedeckError | undefined;
  let spawnError: Error | undefined;
  const timers: NodeJS.Timeout[] = [];
  let bytes = 0;

  const log = createFfmpegLog(redactorOf(plan));
  stderr.setEncoding('utf8').on('data', (chunk: string) => log.push(chunk));
  const readProgress = createProgressReader((seen) => {
    stats = { ...seen, bytes };
  });
  progress.setEncoding('utf8').on('data', readProgress);
  list.on('error', () => undefined); // An ffmpeg that ended before it read its list says so on stderr.
  list.end(plan.inputList ?? '');

  const currentStats = (): CaptureStats => {
    bytes = bytesRead(stdout);
    return { ...stats, bytes };
  };

  const signalChild = (signal: NodeJS.Signals) => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
  };
  const killNow = () => {
    if (child.exitCode === null && child.signalCode === null) killed = true;
    killGroup(child);
  };
  const kill = () => {
    asked = true;
    killNow();
    return ended;
  };
  const ask = () => {
    if (asking) return;
    asking = true;
    // SIGINT and not `q`: ffmpeg looks at its keyboard only between reads, and a silent source never returns.
    signalChild('SIGINT');
    timers.push(
      setTimeout(() => signalChild('SIGINT'), interruptAfterSeconds * 1000),
      setTimeout(() => void kill(), (options.stopTimeoutSeconds ?? 5) * 1000),
    );
  };
  const stop = () => {
    asked = true;
    ask();
    return ended;
  };
  const formatWatch = createFormatWatch((seconds) => {
    formatChangedAt = seconds;
    timers.push(setTimeout(killNow, changeGraceMilliseconds));
  });
  const markReader = createMarkReader();
  watched.on('data', plan.watch === 'Marks' ? markReader.push : formatWatch);
  const onAbort = () => void stop();
  options.signal?.addEventListener('abort', onAbort, { once: true });

  const watch = watchStall({
    bytes: () => bytesRead(stdout),
    waiting: () => stdout.readableLength > 0,
    startTimeoutSeconds: options.startTimeoutSeconds ?? 30,
    stallTimeoutSeconds: options.stallTimeoutSeconds ?? 15,
    onStall: (seconds, started) => {
      if (asked) return;
      stalled = new TapedeckError(
        'SourceStalled',
        `${plan.sourceName} ${started ? 'has sent' : 'sent'} nothing for ${seconds} s; check that it is live.`,
      );
      ask();
    },
  });

  const ended = new Promise<CaptureEnd>((resolve) => {
    child.once('error', (error) => {
      spawnError = error;
    });
    // `close` and not `exit`: only then have stdout and stderr been read to their end.
    child.once('close', (exitCode, signal) => {
      for (const timer of timers) clearTimeout(timer);
      watch.close();
      options.signal?.removeEventListener('abort', onAbort);
      const formatChanged = formatChangedAt !== undefined;
      const outcome = {
        ...{ exitCode, signal, asked, killed, formatChanged },
        ...{ stderrTail: log.tail(), stats: currentStats() },
      };
      const error = stalled ?? captureFailure(plan, outcome, spawnError);
      resolve(error === undefined ? outcome : { ...outcome, error });
    });
  });

  return {
    pid: child.pid,
    stdout,
    get stats() {
      return currentStats();
    },
    get formatChangedAt() {
      return formatChangedAt;
    },
    marks: markReader.marks,
    ended,
    stop,
    kill,
  };
}

interface CapturePipes {
  readonly stdout: Readable;
  readonly stderr: Readable;
  readonly progress: Readable;
  readonly list: Writable;
  readonly watched: Readable;
}

/** All six were asked for with `pipe`, so they are there; the check is for the compiler's sake. */
function pipesOf(child: ChildProcess): CapturePipes {
  const { stdout, stderr } = child;
  const progress = readableAt(child, progressDescriptor);
  const list = child.stdio[inputListDescriptor];
  const watched = readableAt(child, watchDescriptor);
  if (!stdout || !stderr || !progress || !watched || !list || !('write' in list)) {
    throw new TapedeckError(
      'EncoderFailed',
      'ffmpeg could not be given its pipes; raise the limit of open files.',
    );
  }
  return { stdout, stderr, progress, list, watched };
}

function readableAt(child: ChildProcess, descriptor: number): Readable | undefined {
  const pipe = child.stdio[descriptor];
  return pipe && 'read' in pipe ? pipe : undefined;
}

/** The whole group, which is the child's own: whatever it may have started holds our pipes open otherwise. */
function killGroup(child: ChildProcess): void {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // It has gone in the meantime, or is not yet the leader of its group.
    child.kill('SIGKILL');
  }
}

function redactorOf(plan: CapturePlan): (line: string) => string {
  return plan.source.type === 'Stream' ? createRedactor(parseInputAddress(plan.source.url)) : (line) => line;
}

function bytesRead(stdout: Readable): number {
  return 'bytesRead' in stdout && typeof stdout.bytesRead === 'number' ? stdout.bytesRead : 0;
}
