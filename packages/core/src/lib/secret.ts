import { z } from 'zod';
import { objectMeta, stringMap } from './resource.ts';

/** Kubernetes refuses Secrets above 1 MiB. */
const largest = 1_048_576;

const encodedValues = stringMap({ entries: 64, key: 253, value: largest }).refine(
  (map) =>
    Object.values(map).every((value) => typeof value !== 'string' || decodeBase64(value) !== undefined),
  { message: 'must hold base64 of text; put plain text under stringData' },
);

/** `v1` Secret, which local mode takes from the same files; on a cluster nobody here reads one. */
export const secret = z.object({
  apiVersion: z.literal('v1'),
  kind: z.literal('Secret'),
  metadata: objectMeta,
  type: z.string().max(253).optional().describe('Kind of Secret; any will do.'),
  immutable: z.boolean().optional().describe('Kubernetes refuses changes of it when true.'),
  data: encodedValues.optional().describe('Values in base64.'),
  stringData: stringMap({ entries: 64, key: 253, value: largest })
    .optional()
    .describe('Values as they are; they win over data.'),
});
export type Secret = z.infer<typeof secret>;

/** The values of a Secret in clear. */
export function secretValues(of: Pick<Secret, 'data' | 'stringData'>): Readonly<Record<string, string>> {
  const decoded = Object.entries(of.data ?? {}).map(([key, value]) => [key, decodeBase64(value) ?? '']);
  return { ...Object.fromEntries(decoded), ...of.stringData };
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** The text that base64 (broken into lines or not) stands for; undefined where it is no base64 or no UTF-8. */
export function decodeBase64(base64: string): string | undefined {
  const compact = base64.replace(/\s+/g, '');
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(compact) || compact.replace(/=+$/, '').length % 4 === 1)
    return undefined;
  let escaped = '';
  let bits = 0;
  let value = 0;
  for (const character of compact.replace(/=+$/, '')) {
    value = ((value << 6) | alphabet.indexOf(character)) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    escaped += `%${((value >> bits) & 0xff).toString(16).padStart(2, '0')}`;
  }
  try {
    return decodeURIComponent(escaped);
  } catch {
    // Not UTF-8: URIError says nothing more than that.
    return undefined;
  }
}
