import { stat } from 'node:fs/promises';
import { TapedeckError } from '@tapedeck/core/error';
import type { SourceProbe } from './capture-source.ts';
import { openInput } from './input-open.ts';
import { liveByAddress } from './input-options.ts';
import { createRedactor } from './input-redact.ts';
import { type InputAddress, parseInputAddress } from './input-url.ts';
import { askHttp, type HttpAnswer } from './probe-http.ts';
import { chooseTracks, type ProbeJson } from './probe-json.ts';
import { runFfprobe } from './probe-process.ts';

export interface ProbeOptions {
  readonly signal?: AbortSignal;
  /** For the whole probe. Default 15. */
  readonly timeoutSeconds?: number;
  /** Path of ffprobe; default `findFfprobe()`. */
  readonly ffprobe?: string;
}

/** ffprobe's own time limit comes after the probe's: what it says of one is worth less than knowing that it was one. */
const ioTimeoutMarginSeconds = 5;

/**
 * Looks at a source: what it is, whether it ends, what tracks it has. It connects to the source once, twice
 * for http. Rejects with one of `ProbeErrorCode`, in a sentence without the address' secrets; `Aborted` only
 * by the caller's signal.
 */
export async function probeSource(source: string, options: ProbeOptions = {}): Promise<SourceProbe> {
  const address = parseInputAddress(source);
  const seconds = options.timeoutSeconds ?? 15;
  const timeout = AbortSignal.timeout(seconds * 1000);
  const signal = options.signal === undefined ? timeout : AbortSignal.any([options.signal, timeout]);
  try {
    return await probeAddress(address, seconds, signal, options.ffprobe);
  } catch (error) {
    if (options.signal?.aborted)
      throw new TapedeckError('Aborted', `The probe of ${address.name} was called off.`);
    if (timeout.aborted) {
      throw new TapedeckError(
        'SourceUnreachable',
        `${address.name} did not show any media within ${seconds} s; check that it is live.`,
      );
    }
    if (error instanceof TapedeckError) throw error;
    throw new TapedeckError('EncoderFailed', `${address.name} could not be probed.`, { cause: error });
  }
}

async function probeAddress(
  address: InputAddress,
  seconds: number,
  signal: AbortSignal,
  ffprobe: string | undefined,
): Promise<SourceProbe> {
  if (address.kind === 'File') await rejectUnfitFile(address);
  const isHttp = address.scheme === 'http' || address.scheme === 'https';
  const answer = isHttp ? await askHttp(address, signal) : undefined;
  const opened = openInput(address, {
    ioTimeoutSeconds: seconds + ioTimeoutMarginSeconds,
    descriptor: 0,
  });
  const json = await runFfprobe({
    opened,
    name: address.name,
    redact: createRedactor(address),
    signal,
    ...(ffprobe === undefined ? {} : { ffprobe }),
  });
  return describe(address, json, answer);
}

async function rejectUnfitFile(address: InputAddress): Promise<void> {
  const info = await stat(address.url.slice('file:'.length)).catch((error: NodeJS.ErrnoException) => error);
  if (info instanceof Error) {
    const denied = info.code === 'EACCES' || info.code === 'EPERM';
    throw denied
      ? new TapedeckError('SourceDenied', `${address.name} may not be read; check its permissions.`)
      : new TapedeckError('SourceNotFound', `${address.name} is not there; check the path.`);
  }
  if (info.isDirectory())
    throw new TapedeckError('SourceNotMedia', `${address.name} is a directory; name a file in it.`);
  if (info.isFile() && info.size === 0)
    throw new TapedeckError('SourceEmpty', `${address.name} is an empty file.`);
}

function describe(address: InputAddress, json: ProbeJson, answer: HttpAnswer | undefined): SourceProbe {
  const tracks = chooseTracks(json);
  if (tracks.video === undefined && tracks.audio === undefined) {
    throw new TapedeckError(
      'SourceEmpty',
      `${address.name} has neither picture nor sound; check what it sends.`,
    );
  }
  const container = json.format.format_name ?? 'unknown';
  const { duration } = json.format;
  return {
    container: container === 'concat' ? containerOf(address, answer?.isPlaylist ?? false) : container,
    live:
      answer === undefined
        ? liveByAddress(address.kind)
        : !answer.finite && !(duration !== undefined && duration > 0),
    ...(answer?.isPlaylist && !answer.finite ? { segmentSeconds: answer.segmentSeconds ?? [] } : {}),
    ...(duration !== undefined && duration > 0 ? { durationSeconds: duration } : {}),
    ...tracks,
  };
}

/** An address given as a list hides its container behind the list's own. */
function containerOf(address: InputAddress, isPlaylist: boolean): string {
  if (address.kind === 'Rtmp') return 'flv';
  if (address.kind === 'Rtsp') return 'rtsp';
  if (address.kind === 'Srt') return 'mpegts';
  if (/\.flv$/i.test(URL.parse(address.url)?.pathname ?? '')) return 'flv';
  return isPlaylist || address.kind === 'Hls' ? 'hls' : 'unknown';
}
