import { nearestName, type Provider, TapedeckError } from '@tapedeck/core';
import type { CredentialValues } from '../credentials.ts';

/** Keys of a Secret that each provider reads. */
const names: Readonly<Record<Provider, readonly string[]>> = {
  S3: ['accessKeyId', 'secretAccessKey', 'sessionToken', 'customerKey'],
  DigitalOcean: ['accessKeyId', 'secretAccessKey', 'sessionToken'],
  AzureBlob: ['connectionString', 'accountKey', 'sasToken', 'tenantId', 'clientId', 'clientSecret'],
  GCS: ['serviceAccount', 'accessKeyId', 'secretAccessKey'],
  SFTP: ['username', 'password', 'privateKey', 'passphrase'],
  Local: [],
};

/**
 * Rejects with `InvalidCredentials` what is most likely misspelt: a name near one that is absent, or a Secret in which
 * nothing is known. Unheard, it would leave the storage to the identity of the machine. Other names may stand beside.
 */
export function refuseMisspeltCredentials(provider: Provider, credentials: CredentialValues): void {
  const known = names[provider];
  const given = Object.keys(credentials);
  if (known.length === 0 || given.length === 0) return;
  const absent = known.filter((name) => !given.includes(name));
  for (const name of given.filter((name) => !known.includes(name))) {
    const near = nearestName(name, absent);
    if (near === undefined) continue;
    throw new TapedeckError(
      'InvalidCredentials',
      `The storage's credentials have ${name}, which provider ${provider} does not know; did you mean ${near}?`,
    );
  }
  if (given.some((name) => known.includes(name))) return;
  throw new TapedeckError(
    'InvalidCredentials',
    `The storage's credentials have none of the keys that provider ${provider} takes (${known.join(', ')}); correct the Secret's keys.`,
  );
}
