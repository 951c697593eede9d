import { type ExternalStorageSpec, parseDuration, TapedeckError } from '@tapedeck/core';
import type { CredentialValues } from '../../credentials.ts';
import { findS3Service, type S3Feature, type S3Service } from './s3-services.ts';

/** A bucket that speaks S3, with everything decided that needs no network. */
export interface S3Config {
  readonly bucket: string;
  /** Absent: what the environment says (AWS_REGION, the profile). */
  readonly region: string | undefined;
  readonly endpoint: string | undefined;
  readonly forcePathStyle: boolean;
  readonly equalParts: boolean;
  readonly replaceParts: boolean;
  /** What bytes are checked by on arrival. CRC32 is Amazon's choice; other servers often know MD5 only. */
  readonly checksum: 'CRC32' | 'MD5';
  readonly keys: S3Keys | undefined;
  readonly assumeRole: { readonly arn: string; readonly externalId?: string | undefined } | undefined;
  /** Request fields that say how the object is kept. */
  readonly object: S3ObjectFields;
  readonly objectLock: S3ObjectLock | undefined;
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
  /** JSON in base64. */
  readonly SSEKMSEncryptionContext?: string;
  readonly StorageClass?: string;
  readonly Tagging?: string;
  readonly ACL?: 'bucket-owner-full-control';
}

/** From when an object is kept depends on when it is begun. */
export interface S3ObjectLock {
  readonly mode: 'GOVERNANCE' | 'COMPLIANCE';
  readonly retainForSeconds: number;
}

const CUSTOMER_KEY_BYTES = 32;

type S3Block = NonNullable<ExternalStorageSpec['s3']>;

export function readS3Config(spec: ExternalStorageSpec, credentials: CredentialValues): S3Config {
  const s3 = spec.s3;
  if (s3 === undefined) throw new TapedeckError('InvalidManifest', 'spec.s3 is missing.');
  const { service, region } = findS3Service(s3.endpoint);
  refuseUnknownFields(service, s3);
  const customerKey = s3.encryption?.type === 'CustomerKey' ? readCustomerKey(s3, credentials) : undefined;
  return {
    bucket: s3.bucket,
    region: s3.region ?? region,
    endpoint: s3.endpoint,
    forcePathStyle: s3.forcePathStyle ?? service.pathStyle,
    equalParts: s3.equalParts ?? service.equalParts,
    replaceParts: s3.replaceParts ?? service.replaceParts,
    checksum: service.checksum,
    keys: readKeys(credentials),
    assumeRole: s3.assumeRole,
    object: objectFields(s3),
    objectLock: s3.objectLock && {
      mode: s3.objectLock.mode === 'Governance' ? 'GOVERNANCE' : 'COMPLIANCE',
      retainForSeconds: parseDuration(s3.objectLock.retainFor),
    },
    customerKey,
  };
}

/** What a service does not know it often ignores: then recordings would not be kept as was asked. */
function refuseUnknownFields(service: S3Service, s3: S3Block): void {
  const asked: Readonly<Record<S3Feature, boolean>> = {
    'encryption.S3': s3.encryption?.type === 'S3',
    'encryption.KMS': s3.encryption?.type === 'KMS',
    'encryption.CustomerKey': s3.encryption?.type === 'CustomerKey',
    storageClass: s3.storageClass !== undefined,
    tags: Object.keys(s3.tags ?? {}).length > 0,
    objectLock: s3.objectLock !== undefined,
    acl: s3.acl !== undefined,
  };
  const lacking = service.lacks.find((feature) => asked[feature]);
  if (lacking === undefined) return;
  const field = lacking.replace('encryption.', 'encryption.type: ');
  throw new TapedeckError('InvalidManifest', `${service.name} has no spec.s3.${field}; leave it out.`);
}

/** Both or neither; a session token goes with them. */
export function readKeys({
  accessKeyId,
  secretAccessKey,
  sessionToken,
}: CredentialValues): S3Keys | undefined {
  if (accessKeyId === undefined && secretAccessKey === undefined) return undefined;
  if (!accessKeyId || !secretAccessKey) {
    const missing = accessKeyId ? 'secretAccessKey' : 'accessKeyId';
    throw new TapedeckError('InvalidCredentials', `The storage's credentials lack ${missing}.`);
  }
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) };
}

function objectFields({ encryption, storageClass, tags, acl }: S3Block): S3ObjectFields {
  const type = encryption?.type;
  const context = type === 'KMS' ? encryption?.context : undefined;
  return {
    ...(type === 'S3' && { ServerSideEncryption: 'AES256' }),
    ...(type === 'KMS' && { ServerSideEncryption: 'aws:kms' }),
    ...(type === 'KMS' && encryption?.keyId !== undefined && { SSEKMSKeyId: encryption.keyId }),
    ...(context !== undefined && {
      SSEKMSEncryptionContext: Buffer.from(JSON.stringify(context)).toString('base64'),
    }),
    ...(acl === 'BucketOwnerFullControl' && { ACL: 'bucket-owner-full-control' }),
    ...(storageClass !== undefined && { StorageClass: storageClass }),
    ...(tags !== undefined &&
      Object.keys(tags).length > 0 && { Tagging: new URLSearchParams(tags).toString() }),
  };
}

function readCustomerKey({ endpoint }: S3Block, { customerKey }: CredentialValues): S3Config['customerKey'] {
  if (customerKey === undefined || Buffer.from(customerKey, 'base64').length !== CUSTOMER_KEY_BYTES) {
    throw new TapedeckError(
      'InvalidCredentials',
      `encryption CustomerKey needs customerKey in the credentials: ${CUSTOMER_KEY_BYTES} bytes in base64.`,
    );
  }
  if (endpoint !== undefined && sendsInClear(new URL(endpoint))) {
    throw new TapedeckError(
      'InvalidManifest',
      'encryption CustomerKey sends the key with every request; use an endpoint with https.',
    );
  }
  return { SSECustomerAlgorithm: 'AES256', SSECustomerKey: customerKey };
}

function sendsInClear({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && !/^(localhost|127\.[0-9.]+|\[::1\])$/.test(hostname);
}
