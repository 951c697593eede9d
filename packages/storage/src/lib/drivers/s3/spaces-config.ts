import { type ExternalStorageSpec, TapedeckError } from '@tapedeck/core';
import type { CredentialValues } from '../../credentials.ts';
import { readKeys, readS3Config, type S3Config } from './s3-config.ts';
import type { S3Hints } from './s3-errors.ts';

/** What to do about an error, in the words of DigitalOcean's control panel. */
export const spacesHints: S3Hints = {
  BucketNotFound: 'create the Space, or correct its name or region',
  StorageDenied: 'give the access key the permission to write to this Space',
  StorageUnauthenticated: 'check accessKeyId and secretAccessKey: an access key of Spaces, not an API token',
  WrongRegion: 'set the region that the Space is in',
  InvalidManifest: 'correct spec.digitalOcean of the storage',
};

/** A Space is an S3 bucket whose endpoint follows from its region; there is no identity but its keys. */
export function readSpacesConfig(spec: ExternalStorageSpec, credentials: CredentialValues): S3Config {
  const space = spec.digitalOcean;
  if (space === undefined) throw new TapedeckError('InvalidManifest', 'spec.digitalOcean is missing.');
  if (readKeys(credentials) === undefined) {
    throw new TapedeckError(
      'InvalidCredentials',
      'DigitalOcean Spaces asks for keys: name a Secret with accessKeyId and secretAccessKey.',
    );
  }
  // The control panel shows regions in capitals.
  const region = space.region.toLowerCase();
  const endpoint = space.endpoint ?? `https://${region}.digitaloceanspaces.com`;
  return readS3Config({ provider: 'S3', s3: { bucket: space.bucket, region, endpoint } }, credentials);
}
