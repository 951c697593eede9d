import { TapedeckError } from '@tapedeck/core/error';
import type { CaptureEnd } from './capture-contract.ts';
import type { CapturePlan } from './capture-source.ts';
import { classifyFfmpegMessages, lastWords } from './ffmpeg-messages.ts';

/**
 * The least that ffmpeg writes before any media: `ftyp` and `moov` of a file with two tracks are above 1 KiB,
 * and the first fragment follows. Fewer bytes than this hold none.
 */
const bytesOfInit = 1024;

/** ffmpeg says this of an input that broke off while it was read; it ends with 0 all the same. */
const brokenInput = /(?:pipe:\d+|Error during demuxing|Error reading)[^\n]*: (?!End of file|Immediate exit)/i;

/**
 * Why a capture that is over has failed, or undefined where it has not: it was asked to end (255 is what ffmpeg
 * exits with after a signal), its format changed, or its source came to its end.
 */
export function captureFailure(
  plan: CapturePlan,
  end: Omit<CaptureEnd, 'error'>,
  spawnError: Error | undefined,
): TapedeckError | undefined {
  const name = plan.sourceName;
  if (spawnError !== undefined) {
    return new TapedeckError('EncoderMissing', `ffmpeg could not be started: ${spawnError.message}.`, {
      cause: spawnError,
    });
  }
  if (end.asked || end.formatChanged) return undefined;
  const hadMedia = end.stats.bytes > bytesOfInit;
  const errors = end.stderrTail.filter((line) => /\[(?:error|fatal|panic|warning)\]/.test(line));
  if (!hadMedia) {
    const known = classifyFfmpegMessages(errors, name);
    if (known !== undefined) return known;
    if (end.exitCode === 0) {
      return new TapedeckError(
        'SourceEmpty',
        `${name} ended before it sent any media; check that it is live.`,
      );
    }
    return encoderFailure(end);
  }
  if (end.exitCode !== 0) return encoderFailure(end);
  const broken = errors.find((line) => brokenInput.test(line));
  if (broken === undefined && !plan.live) return undefined;
  const why = broken === undefined ? 'it ended' : lastWords([broken]).replace(/^pipe:\d+: /, '');
  return new TapedeckError(
    'SourceLost',
    `${name} was lost after ${Math.round(end.stats.mediaSeconds)} s: ${why}.`,
  );
}

function encoderFailure(end: Omit<CaptureEnd, 'error'>): TapedeckError {
  const how = end.signal === null ? `with exit code ${end.exitCode}` : `by ${end.signal}`;
  return new TapedeckError('EncoderFailed', `ffmpeg ended ${how}: ${lastWords(end.stderrTail)}.`);
}
