import { type ExternalStorageSpec, TapedeckError } from '@tapedeck/core';
import type { CredentialValues } from '../../credentials.ts';

/** A bucket that speaks S3, with everything decided that needs no network. */
export interface S3Config {
  readonly bucket: string;
  /** Absent: what the environment says (AWS_REGION, the profile). */
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
  readonly forcePathStyle: boolean;
  readonly equalParts: boolean;
  /** What bytes are checked by on arrival. CRC32 is Amazon's choice; other servers often know MD5 only. */
  readonly checksum: 'CRC32' | 'MD5';
  readonly keys: S3Keys | undefined;
  readonly assumeRole: { readonly arn: string; readonly externalId?: string | undefined } | undefined;
  /** Request fields that say how the object is kept. */
  readonly object: S3ObjectFields;
  /** Request fields that every call on the bytes needs when the customer holds the key. */
  readonly customerKey:
    | { readonly SSECustomerAlgorithm: 'AES256'; readonly SSECustomerKey: string }
    | undefined;
  /** How another service that speaks S3 names things to people; absent: as Amazon does. */
  readonly words?: { readonly scheme: string; permission(action: string): string };
}

export interface S3Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

export interface S3ObjectFields {
  readonly ServerSideEncryption?: 'AES256' | 'aws:kms';
  readonly SSEKMSKeyId?: string;
  readonly StorageClass?: string;
  readonly Tagging?: string;
}

const CUSTOMER_KEY_BYTES = 32;

type S3Block = NonNullable<ExternalStorageSpec['s3']>;

export function readS3Config(spec: ExternalStorageSpec, credentials: CredentialValues): S3Config {
  const s3 = spec.s3;
  if (s3 === undefined) throw new TapedeckError('InvalidManifest', 'spec.s3 is missing.');
  const isAmazon = s3.endpoint === undefined || isAmazonHost(new URL(s3.endpoint).hostname);
  return {
    bucket: s3.bucket,
    // Servers of one's own mostly ignore the region; this is the one that they take when they do not.
    region: s3.region ?? (isAmazon ? undefined : 'us-east-1'),
    endpoint: s3.endpoint,
    forcePathStyle: s3.forcePathStyle ?? !isAmazon,
    equalParts: s3.equalParts ?? false,
    checksum: isAmazon ? 'CRC32' : 'MD5',
    keys: readKeys(credentials),
    assumeRole: s3.assumeRole,
    object: objectFields(s3),
    customerKey: s3.encryption?.type === 'CustomerKey' ? readCustomerKey(credentials) : undefined,
  };
}

function isAmazonHost(host: string): boolean {
  return host.endsWith('.amazonaws.com') || host.endsWith('.amazonaws.com.cn');
}

function readKeys({ accessKeyId, secretAccessKey, sessionToken }: CredentialValues): S3Keys | undefined {
  if (accessKeyId === undefined && secretAccessKey === undefined) return undefined;
  if (!accessKeyId || !secretAccessKey) {
    const missing = accessKeyId ? 'secretAccessKey' : 'accessKeyId';
    throw new TapedeckError('InvalidCredentials', `The storage's credentials lack ${missing}.`);
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
}

function objectFields({ encryption, storageClass, tags }: S3Block): S3ObjectFields {
  const type = encryption?.type;
  return {
    ...(type === 'S3' && { ServerSideEncryption: 'AES256' }),
    ...(type === 'KMS' && { ServerSideEncryption: 'aws:kms' }),
    ...(type === 'KMS' && encryption?.keyId !== undefined && { SSEKMSKeyId: encryption.keyId }),
    ...(storageClass !== undefined && { StorageClass: storageClass }),
    ...(tags !== undefined &&
      Object.keys(tags).length > 0 && { Tagging: new URLSearchParams(tags).toString() }),
  };
}

function readCustomerKey({ customerKey }: CredentialValues): S3Config['customerKey'] {
  if (customerKey === undefined || Buffer.from(customerKey, 'base64').length !== CUSTOMER_KEY_BYTES) {
    throw new TapedeckError(
      'InvalidCredentials',
      `encryption CustomerKey needs customerKey in the credentials: ${CUSTOMER_KEY_BYTES} bytes in base64.`,
    );
  }
  return { SSECustomerAlgorithm: 'AES256', SSECustomerKey: customerKey };
}
