import { z } from 'zod';
import { parseJson } from './json-text.ts';

/** What a page tells its recording. */
export type PageMessage =
  | { readonly type: 'Ready' }
  | { readonly type: 'Stop' }
  | { readonly type: 'Metadata'; readonly value?: unknown };

/** Of one message's JSON, in characters; what is longer is left out. */
export const longestMetadata = 8_192;

const said = z.discriminatedUnion('type', [
  z.object({ type: z.literal('Ready') }),
  z.object({ type: z.literal('Stop') }),
  z.object({ type: z.literal('Metadata'), value: z.unknown().optional() }),
]);

/** What `window.tapedeck` sent; undefined for what is no message of its. */
export function readPageMessage(payload: string): PageMessage | undefined {
  if (payload.length > longestMetadata + 64) return undefined;
  const parsed = said.safeParse(parseJson(payload));
  return parsed.success ? parsed.data : undefined;
}

/** Also as other recorders' templates say it. */
const words: Readonly<Record<string, PageMessage>> = {
  TAPEDECK_READY: { type: 'Ready' },
  START_RECORDING: { type: 'Ready' },
  TAPEDECK_STOP: { type: 'Stop' },
  END_RECORDING: { type: 'Stop' },
};
const metadataWord = 'TAPEDECK_METADATA ';

/** What a line on the page's console says; undefined for any other line. */
export function readConsoleLine(line: string): PageMessage | undefined {
  const known = Object.hasOwn(words, line) ? words[line] : undefined;
  if (known !== undefined) return known;
  if (!line.startsWith(metadataWord) || line.length > longestMetadata + metadataWord.length) return undefined;
  const value = parseJson(line.slice(metadataWord.length));
  return value === undefined ? undefined : { type: 'Metadata', value };
}
