/** Fields of `spec.s3` that a service may not know: asking for one there is refused when the driver is made. */
export type S3Feature =
  | 'encryption.S3'
  | 'encryption.KMS'
  | 'encryption.CustomerKey'
  | 'storageClass'
  | 'tags'
  | 'objectLock'
  | 'acl';

/** One service that speaks S3, as far as it differs from the others. What the spec says always wins. */
export interface S3Service {
  /** As people know it. */
  readonly name: string;
  /** What to write as `spec.s3.endpoint`, for people; empty: nothing. */
  readonly endpoint: string;
  /** Host names of its endpoints; the group `region` is the region that the name tells. Absent: no name tells it. */
  readonly host?: RegExp;
  /** Where neither the spec nor the host name says one; absent: what the environment says. */
  readonly region?: string;
  /** The bucket goes into the path, not into the host name. */
  readonly pathStyle: boolean;
  /** What bytes are checked by on arrival. */
  readonly checksum: 'CRC32' | 'MD5';
  readonly equalParts: boolean;
  readonly replaceParts: boolean;
  /** According to its documentation, or because that says nothing of it. */
  readonly lacks: readonly S3Feature[];
  /** The page that this was taken from. */
  readonly documentation: string;
}

/**
 * Regional, global, dual-stack, FIPS, access-point and VPC endpoints, also those of China and of the European sovereign
 * cloud. Names without a region (`s3.amazonaws.com`) leave it open.
 */
const amazonHost =
  /^(?:.*?[.-](?<region>[a-z]{2,4}(?:-[a-z]+)+-\d)(?:\.vpce)?|.+)\.amazonaws\.(?:com|com\.cn|eu)$/;

const amazon: S3Service = {
  name: 'Amazon S3',
  endpoint: '',
  host: amazonHost,
  pathStyle: false,
  checksum: 'CRC32',
  equalParts: false,
  replaceParts: true,
  lacks: [],
  documentation: 'https://docs.aws.amazon.com/general/latest/gr/s3.html',
};

const spaces: S3Service = {
  name: 'DigitalOcean Spaces',
  endpoint: 'https://<region>.digitaloceanspaces.com',
  host: /^(?:.+\.)?(?<region>[a-z]{3}\d)\.digitaloceanspaces\.com$/,
  pathStyle: true,
  checksum: 'MD5',
  equalParts: false,
  replaceParts: true,
  // Storage classes are chosen with the bucket, and its ACLs are private and public-read.
  lacks: ['encryption.S3', 'encryption.KMS', 'storageClass', 'objectLock', 'acl'],
  documentation: 'https://docs.digitalocean.com/products/spaces/reference/s3-compatibility/',
};

/**
 * Its documentation asks for equal parts and does not say what becomes of a part that is put again in other bytes. So
 * none is: an unfinished part stays on scratch, and a file of several parts stays one of fragments.
 */
const r2: S3Service = {
  name: 'Cloudflare R2',
  endpoint: 'https://<account>.r2.cloudflarestorage.com',
  host: /\.r2\.cloudflarestorage\.com$/,
  region: 'auto',
  pathStyle: true,
  checksum: 'MD5',
  equalParts: true,
  replaceParts: false,
  lacks: ['encryption.S3', 'encryption.KMS', 'tags', 'objectLock', 'acl'],
  documentation: 'https://developers.cloudflare.com/r2/api/s3/api/',
};

/** It once refused Amazon's checksum headers, and takes an ACL only where it is the bucket's own. */
const backblaze: S3Service = {
  name: 'Backblaze B2',
  endpoint: 'https://s3.<region>.backblazeb2.com',
  host: /^(?:.+\.)?s3\.(?<region>[a-z]{2}-[a-z]+-\d+)\.backblazeb2\.com$/,
  pathStyle: true,
  checksum: 'MD5',
  equalParts: false,
  replaceParts: true,
  lacks: ['encryption.KMS', 'storageClass', 'tags', 'acl'],
  documentation: 'https://www.backblaze.com/docs/cloud-storage-s3-compatible-api',
};

/** With HMAC keys. It knows these fields as headers of its own; provider GCS is the way to them. */
const google: S3Service = {
  name: 'Google Cloud Storage (XML API)',
  endpoint: 'https://storage.googleapis.com',
  host: /^(?:.+\.)?storage(?:\.[a-z0-9-]+\.rep)?\.googleapis\.com$/,
  region: 'auto',
  pathStyle: true,
  checksum: 'MD5',
  equalParts: false,
  replaceParts: true,
  lacks: [
    'encryption.S3',
    'encryption.KMS',
    'encryption.CustomerKey',
    'storageClass',
    'tags',
    'objectLock',
    'acl',
  ],
  documentation: 'https://cloud.google.com/storage/docs/interoperability',
};

const wasabi: S3Service = {
  name: 'Wasabi',
  endpoint: 'https://s3.<region>.wasabisys.com',
  host: /^(?:.+\.)?s3(?:\.(?<region>[a-z]{2}-[a-z]+-\d+))?\.wasabisys\.com$/,
  region: 'us-east-1',
  pathStyle: true,
  checksum: 'MD5',
  equalParts: false,
  replaceParts: true,
  // It encrypts everything by itself and has no key management.
  lacks: ['encryption.S3', 'encryption.KMS'],
  documentation: 'https://docs.wasabi.com/docs/rest-api-introduction',
};

/**
 * A server of one's own: MinIO, VersityGW, Ceph, Garage and whatever else speaks S3. It is asked for nothing that it
 * may not know; what it has is for whoever runs it to know, so no field is refused. Most ignore the region; this is
 * the one that they take when they do not.
 */
const generic: S3Service = {
  name: 'Any other server',
  endpoint: 'https://s3.example.com',
  region: 'us-east-1',
  pathStyle: true,
  checksum: 'MD5',
  equalParts: false,
  replaceParts: true,
  lacks: [],
  documentation: 'https://github.com/versity/versitygw/wiki',
};

/** In the order in which a host name is looked up; the last takes what no other knows. docs/storage/s3.md shows them. */
export const s3Services: readonly S3Service[] = [amazon, spaces, r2, backblaze, google, wasabi, generic];

/** Absent an endpoint it is Amazon. `region`: what the host name tells. */
export function findS3Service(endpoint: string | undefined): {
  readonly service: S3Service;
  readonly region: string | undefined;
} {
  if (endpoint === undefined) return { service: amazon, region: undefined };
  const { hostname } = new URL(endpoint);
  for (const service of s3Services) {
    const match = service.host?.exec(hostname);
    if (match) return { service, region: match.groups?.region ?? service.region };
  }
  return { service: generic, region: generic.region };
}
