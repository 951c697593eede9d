import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { type RunCredentials, TapedeckError } from '@tapedeck/core';

/** Secret values by the names that resources.md gives them (`accessKeyId`, `privateKey`, …). */
export type CredentialValues = Readonly<Record<string, string>>;

/**
 * Reads credentials as a run gets them. A directory is a mounted Secret: one file a key; names with a leading
 * dot are the kubelet's own. Values lose the newline that editors add at the end.
 */
export async function readCredentials(credentials: RunCredentials): Promise<CredentialValues> {
  if (credentials.type === 'None') return {};
  if (credentials.type === 'Inline') return credentials.values;
  try {
    const names = (await readdir(credentials.path)).filter((name) => !name.startsWith('.'));
    const entries = names.map(async (name): Promise<[string, string]> => {
      const value = await readFile(path.join(credentials.path, name), 'utf8');
      return [name, value.replace(/\r?\n$/, '')];
    });
    if (names.length === 0) throw new Error('it is empty');
    return Object.fromEntries(await Promise.all(entries));
  } catch (error) {
    throw new TapedeckError(
      'InvalidCredentials',
      `The storage's credentials cannot be read from ${credentials.path}; is the Secret there that credentials.secretRef names?`,
      { cause: error },
    );
  }
}
