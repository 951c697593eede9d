import { TapedeckError } from '@tapedeck/core/error';

export const outputFormats = ['json', 'yaml', 'wide', 'name'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** Throws `InvalidManifest` for what is no format or not one of `allowed`. */
export function parseOutputFormat(
  word: string,
  allowed: readonly OutputFormat[] = outputFormats,
): OutputFormat {
  const format = allowed.find((each) => each === word);
  if (format !== undefined) return format;
  throw new TapedeckError('InvalidManifest', `-o ${word.slice(0, 32)}: must be one of ${allowed.join(', ')}`);
}

/** One object, or several as a `v1` List, which `apply -f` takes again. */
export async function renderDocument(format: 'json' | 'yaml', value: unknown): Promise<string> {
  if (format === 'json') return JSON.stringify(value, undefined, 2);
  const { stringify } = await import('yaml');
  return stringify(value, { lineWidth: 0 }).trimEnd();
}

export function listDocument(items: readonly unknown[]): unknown {
  return { apiVersion: 'v1', kind: 'List', items };
}
