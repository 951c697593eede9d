import { type ExternalStorageSpec, TapedeckError } from '@tapedeck/core';
import type { CredentialValues } from '../../credentials.ts';
import { DEFAULT_UNIVERSE, readServiceAccount, type ServiceAccount } from './gcs-service-account.ts';

/** A bucket of Cloud Storage, with everything decided that needs no network. */
export interface GcsConfig {
  readonly bucket: string;
  /** Origin and path, without a closing slash. */
  readonly endpoint: string;
  readonly identity: GcsIdentity;
  readonly upload: 'Multipart' | 'Resumable';
}

export type GcsIdentity =
  | { readonly type: 'ServiceAccount'; readonly account: ServiceAccount }
  | { readonly type: 'Hmac'; readonly accessKeyId: string; readonly secretAccessKey: string }
  /** Whatever the machine offers: workload identity, a node's account, or nothing. */
  | { readonly type: 'Ambient' };

export function readGcsConfig(spec: ExternalStorageSpec, credentials: CredentialValues): GcsConfig {
  const { gcs } = spec;
  if (gcs === undefined) throw new TapedeckError('InvalidManifest', 'spec.gcs is missing.');
  const identity = readIdentity(credentials);
  const universe = identity.type === 'ServiceAccount' ? identity.account.universe : DEFAULT_UNIVERSE;
  const upload = gcs.upload ?? 'Multipart';
  if (upload === 'Resumable' && identity.type !== 'ServiceAccount') throw unsealable(identity);
  return {
    bucket: gcs.bucket,
    endpoint: (gcs.endpoint ?? `https://storage.${universe}`).replace(/\/+$/, ''),
    identity,
    upload,
  };
}

function readIdentity(credentials: CredentialValues): GcsIdentity {
  const { serviceAccount, accessKeyId, secretAccessKey } = credentials;
  if (serviceAccount !== undefined) {
    if (accessKeyId !== undefined || secretAccessKey !== undefined) {
      throw new TapedeckError(
        'InvalidCredentials',
        "The storage's credentials have a serviceAccount and an HMAC key; keep one of the two.",
      );
    }
    return { type: 'ServiceAccount', account: readServiceAccount(serviceAccount) };
  }
  if (accessKeyId === undefined && secretAccessKey === undefined) return { type: 'Ambient' };
  if (!accessKeyId || !secretAccessKey) {
    const missing = accessKeyId ? 'secretAccessKey' : 'accessKeyId';
    throw new TapedeckError('InvalidCredentials', `The storage's credentials lack ${missing}.`);
  }
  return { type: 'Hmac', accessKeyId, secretAccessKey };
}

/** See docs/decisions/010: whoever knows a session's address may write to it, and journals are no secrets. */
function unsealable({ type }: GcsIdentity): TapedeckError {
  const why =
    type === 'Hmac'
      ? 'the JSON API does not take HMAC keys'
      : "the session's address has to be sealed with a key that outlives the process";
  return new TapedeckError(
    'InvalidManifest',
    `spec.gcs.upload: Resumable needs serviceAccount in the credentials, for ${why}; give one, or use Multipart.`,
  );
}
