import type { ExternalStorage } from '@tapedeck/core';
import { createSecretCache, type SecretCache } from '../local/secret-cache.ts';
import { parseDestination } from './destination.ts';
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
