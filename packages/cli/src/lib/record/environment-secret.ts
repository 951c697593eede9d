import type { ExternalStorage } from '@tapedeck/core';
import { TapedeckError } from '@tapedeck/core/error';
import { createSecretCache, type SecretCache } from '../local/secret-cache.ts';
import { parseDestination } from './destination.ts';
import { credentialVariables } from './destination-credentials.ts';
import { addressAnnotation } from './destination-name.ts';

/**
 * The Secret of a storage that `record --to ADDRESS` made, from where that took it: this process's environment. Undefined
 * for any other storage, and where the environment holds nothing for it. Throws what reading the address throws.
 */
export function environmentSecret({ metadata, spec }: ExternalStorage): SecretCache | undefined {
  const address = metadata.annotations?.[addressAnnotation];
  const name = spec.credentials?.secretRef?.name;
  if (address === undefined || name === undefined) return undefined;
  const values = parseDestination(address).made?.credentials;
  if (values === undefined) return undefined;
  const secrets = createSecretCache();
  secrets.put([{ namespace: metadata.namespace ?? 'default', name, values }]);
  return secrets;
}

/**
 * Neither the control process nor the environment has the Secret. Whoever wrote a file has it there; of an address there
 * is none, and a variable is to be set again.
 */
export function absentSecret(
  storage: ExternalStorage | undefined,
  secret: string,
  options: { readonly command: string; readonly cause: unknown },
): TapedeckError {
  const address = storage?.metadata.annotations?.[addressAnnotation];
  const variables = credentialVariables[address?.split(':')[0]?.toLowerCase() ?? ''];
  const advice =
    variables === undefined
      ? `"tapedeck ${options.command} -f FILE" takes it from the file`
      : `its storage was made of ${address}: set ${variables}, as it was when that was recorded to`;
  return new TapedeckError('NotFound', `there is no Secret ${secret} here; ${advice}`, {
    cause: options.cause,
  });
}
