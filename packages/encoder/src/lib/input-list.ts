import { type InputTimes, inputProtocolOptions } from './input-options.ts';
import type { InputAddress } from './input-url.ts';

export interface InputListOptions extends InputTimes {
  readonly analyzeMicroseconds: number;
}

/**
 * A list of one for ffmpeg's concat demuxer: the address with the options it is opened with. ffmpeg reads it
 * from a descriptor, so the address, which often is a secret, is in no argument list.
 */
export function inputList(address: InputAddress, options: InputListOptions): string {
  const open: Record<string, string> = {
    ...inputProtocolOptions(address, options),
    analyzeduration: String(options.analyzeMicroseconds),
  };
  return [
    'ffconcat version 1.0',
    `file ${quoted(address.url)}`,
    ...Object.entries(open).map(([key, value]) => `option ${key} ${quoted(value)}`),
    '',
  ].join('\n');
}

/** In ffmpeg's quoting nothing is special between single quotes but the quote itself. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
