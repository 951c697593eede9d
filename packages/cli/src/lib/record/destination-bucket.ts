import type { DestinationSurroundings } from './destination.ts';
import { azureCredentials, gcsCredentials, spacesCredentials } from './destination-credentials.ts';
import { type MadeStorage, nameFor } from './destination-name.ts';
import { type DestinationUrl, invalid, parseDestinationUrl } from './destination-url.ts';

/** `s3://bucket/prefix?region=…&endpoint=…`; the recorder takes AWS's usual chain (environment, profile, instance). */
export function parseS3(text: string): MadeStorage {
  const url = parseDestinationUrl(text, {
    known: ['region', 'endpoint', 'pathStyle', 'storageClass'],
    credentials: 'set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or a profile',
  });
  const { region, endpoint, pathStyle, storageClass } = url.query;
  const s3 = {
    bucket: url.host,
    ...(region === undefined ? {} : { region }),
    // Servers at an address of their own seldom answer to bucket.address.
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: pathStyle !== 'false' }),
    ...(endpoint === undefined && pathStyle !== undefined ? { forcePathStyle: pathStyle !== 'false' } : {}),
    ...(storageClass === undefined ? {} : { storageClass }),
  };
  return made(text, url, { provider: 'S3', s3 });
}

/** `do://space/prefix?region=fra1`. */
export function parseDigitalOcean(text: string, around: DestinationSurroundings): MadeStorage {
  const url = parseDestinationUrl(text, {
    known: ['region'],
    credentials: 'set SPACES_ACCESS_KEY_ID and SPACES_SECRET_ACCESS_KEY',
  });
  const { region } = url.query;
  if (region === undefined) throw invalid('--to do://…: add the region of the Space, like ?region=fra1');
  const spec = { provider: 'DigitalOcean', digitalOcean: { bucket: url.host, region } };
  return made(text, url, spec, spacesCredentials(around));
}

/** `gs://bucket/prefix?endpoint=…`. */
export function parseGcs(text: string, around: DestinationSurroundings): MadeStorage {
  const url = parseDestinationUrl(text, {
    known: ['endpoint'],
    credentials: 'set GOOGLE_APPLICATION_CREDENTIALS to the path of the key file',
  });
  const { endpoint } = url.query;
  const gcs = { bucket: url.host, ...(endpoint === undefined ? {} : { endpoint }) };
  return made(text, url, { provider: 'GCS', gcs }, gcsCredentials(around));
}

/** `az://container/prefix?account=…&endpoint=…`. */
export function parseAzureBlob(text: string, around: DestinationSurroundings): MadeStorage {
  const url = parseDestinationUrl(text, {
    known: ['account', 'endpoint'],
    credentials: 'set AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY or AZURE_STORAGE_SAS_TOKEN',
  });
  const credentials = azureCredentials(around);
  const named = credentials?.connectionString === undefined;
  const account = url.query.account ?? (named ? around.env.AZURE_STORAGE_ACCOUNT : undefined);
  const { endpoint } = url.query;
  if (named && !account && endpoint === undefined) {
    throw invalid(
      '--to az://…: whose container is it? Add ?account=NAME, or set AZURE_STORAGE_ACCOUNT or AZURE_STORAGE_CONNECTION_STRING',
    );
  }
  const azureBlob = {
    container: url.host,
    ...(account && { account }),
    ...(endpoint === undefined ? {} : { endpoint }),
  };
  return made(text, url, { provider: 'AzureBlob', azureBlob }, credentials);
}

function made(
  text: string,
  { scheme, host, port, path }: DestinationUrl,
  spec: object,
  credentials?: MadeStorage['credentials'],
): MadeStorage {
  if (port !== undefined) throw invalid(`--to ${scheme}://…: a port belongs to ?endpoint=, not to the name`);
  const prefix = path.replace(/^\/+|\/+$/g, '');
  return {
    name: nameFor(host, text),
    spec: { ...spec, ...(prefix === '' ? {} : { prefix }) },
    ...(credentials && { credentials }),
  };
}
