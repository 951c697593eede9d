import { type InputTimes, inputProtocolOptions, protocolWhitelist, queueOptions } from './input-options.ts';
import { hasSecret, type InputAddress } from './input-url.ts';

/** How an address is given to ffmpeg or ffprobe. */
export interface OpenedInput {
  /** Before `-i`. */
  readonly options: readonly string[];
  /** After it. */
  readonly input: string;
  /** What has to be written to `descriptor`, when the input is read from there. */
  readonly list?: string;
}

export interface OpenInputOptions extends InputTimes {
  /** Which descriptor of ffmpeg's a list would be read from. */
  readonly descriptor: number;
  /** Only of a live HLS playlist: how many segments before its end to begin. Default is ffmpeg's: 3. */
  readonly segmentsBack?: number;
}

/** How long ffmpeg looks at a source before it starts, in microseconds; its own default for FLV is 90 s. */
const analyzeMicroseconds = 5_000_000;

/**
 * An address without secrets is an argument like any other. One with secrets is put into a list of one entry
 * for the concat demuxer, read from a descriptor: every user of a machine can read argument lists.
 */
export function openInput(address: InputAddress, options: OpenInputOptions): OpenedInput {
  const open = {
    ...inputProtocolOptions(address, options),
    analyzeduration: String(analyzeMicroseconds),
    ...(options.segmentsBack === undefined ? {} : { live_start_index: String(-options.segmentsBack) }),
  };
  const whitelist = protocolWhitelist(address);
  if (!hasSecret(address)) {
    const flags = Object.entries(open).flatMap(([key, value]) => [`-${key}`, value]);
    return {
      options: [...queueOptions, '-protocol_whitelist', whitelist, ...flags],
      input: address.url,
    };
  }
  return {
    options: [...queueOptions, '-f', 'concat', '-safe', '0', '-protocol_whitelist', `pipe,${whitelist}`],
    input: `pipe:${options.descriptor}`,
    list: concatList(address.url, open),
  };
}

function concatList(url: string, open: Readonly<Record<string, string>>): string {
  const options = Object.entries(open).map(([key, value]) => `option ${key} ${quoted(value)}`);
  return ['ffconcat version 1.0', `file ${quoted(url)}`, ...options, ''].join('\n');
}

/** In ffmpeg's quoting nothing is special between single quotes but the quote itself. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
