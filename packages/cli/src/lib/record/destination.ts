import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { basename, resolve } from 'node:path';
import { TapedeckError } from '@tapedeck/core/error';

/** Where `record` puts the file: a storage that is there by name, or one that is made for it. */
export type Destination =
  | { readonly storage: string; readonly made?: undefined }
  | { readonly storage?: undefined; readonly made: { readonly name: string; readonly spec: object } };

/**
 * Reads `--to`: a storage's name, a directory (it holds a slash, or starts with a dot or a tilde), or
 * `s3://bucket/prefix?region=…&endpoint=…`. Credentials never stand there: the recorder takes the provider's usual
 * chain (environment, profile, instance).
 */
export function parseDestination(
  text: string,
  cwd: string = process.cwd(),
  home: string = homedir(),
): Destination {
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase();
  if (scheme === 's3') return parseS3(text);
  if (scheme === 'gs' || scheme === 'az' || scheme === 'sftp') {
    throw new TapedeckError(
      'NotSupported',
      `--to ${scheme}://…: this kind of storage is not available yet; use s3:// or a directory`,
    );
  }
  if (scheme === 'file') return localDirectory(new URL(text).pathname);
  if (scheme !== undefined) {
    throw new TapedeckError(
      'InvalidManifest',
      `--to ${scheme}:…: known are s3://bucket/prefix, a directory and a storage's name`,
    );
  }
  if (text === '~' || text.startsWith('~/')) return localDirectory(resolve(home, text.slice(2)));
  if (text.includes('/') || text.startsWith('.')) return localDirectory(resolve(cwd, text));
  if (/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text)) return { storage: text };
  throw new TapedeckError(
    'InvalidManifest',
    `--to ${text.slice(0, 64)}: no storage can be called that; for a directory write ./${text.slice(0, 64)}`,
  );
}

function localDirectory(directory: string): Destination {
  return {
    made: {
      name: nameFor(basename(directory) || 'root', directory),
      spec: { provider: 'Local', local: { directory } },
    },
  };
}

const s3Queries = ['region', 'endpoint', 'pathStyle', 'storageClass'] as const;

function parseS3(text: string): Destination {
  const url = new URL(text);
  if (url.username !== '' || url.password !== '') {
    throw new TapedeckError(
      'InvalidManifest',
      '--to s3://…: keys do not belong there; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or a profile',
    );
  }
  const bucket = url.hostname;
  if (bucket === '') throw new TapedeckError('InvalidManifest', '--to s3://…: the bucket is missing');
  for (const key of url.searchParams.keys()) {
    if (!s3Queries.some((known) => known === key)) {
      throw new TapedeckError(
        'InvalidManifest',
        `--to s3://…: unknown ?${key.slice(0, 32)}=; known: ${s3Queries.join(', ')}`,
      );
    }
  }
  const { region, endpoint, pathStyle, storageClass } = Object.fromEntries(url.searchParams);
  const prefix = decodeURIComponent(url.pathname).replace(/^\/+|\/+$/g, '');
  const s3 = {
    bucket,
    ...(region === undefined ? {} : { region }),
    // Servers at an address of their own seldom answer to bucket.address.
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: pathStyle !== 'false' }),
    ...(endpoint === undefined && pathStyle !== undefined ? { forcePathStyle: pathStyle !== 'false' } : {}),
    ...(storageClass === undefined ? {} : { storageClass }),
  };
  return {
    made: { name: nameFor(bucket, text), spec: { provider: 'S3', s3, ...(prefix === '' ? {} : { prefix }) } },
  };
}

/** The same place gets the same name, so that recording there again finds the storage. */
function nameFor(word: string, place: string): string {
  const slug = word
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40);
  return `${slug === '' ? 'to' : slug}-${createHash('sha256').update(place).digest('hex').slice(0, 6)}`;
}
