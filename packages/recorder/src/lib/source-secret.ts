import { readFile } from 'node:fs/promises';
import { type RunSpec, TapedeckError } from '@tapedeck/core';

/** The spec with the address that a mounted Secret holds, or why there is none. */
export async function resolveSource(spec: RunSpec): Promise<RunSpec | TapedeckError> {
  const { source } = spec;
  if (source.type !== 'Stream' || source.urlFile === undefined) return spec;
  try {
    const url = (await readFile(source.urlFile, 'utf8')).trim();
    return { ...spec, source: { ...source, url } };
  } catch (cause) {
    return new TapedeckError(
      'InvalidSource',
      'The address of the stream cannot be read from its Secret; is the key there that urlSecretRef names?',
      { cause },
    );
  }
}
