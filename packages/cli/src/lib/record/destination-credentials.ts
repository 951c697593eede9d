import { TapedeckError } from '@tapedeck/core/error';
import type { DestinationSurroundings } from './destination.ts';

type Around = Pick<DestinationSurroundings, 'env' | 'readFile'>;
/** Secret values by the keys that the provider asks for; undefined where the recorder is to take what the machine offers. */
type Credentials = Readonly<Record<string, string>> | undefined;

/** By scheme, what to set where a storage that needs a Secret was made of such an address. */
export const credentialVariables: Readonly<Record<string, string>> = {
  do: 'SPACES_ACCESS_KEY_ID and SPACES_SECRET_ACCESS_KEY',
  gs: 'GOOGLE_APPLICATION_CREDENTIALS to the path of the key file',
  az: 'AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_KEY, AZURE_STORAGE_SAS_TOKEN, or AZURE_CLIENT_SECRET with AZURE_TENANT_ID and AZURE_CLIENT_ID',
  sftp: 'TAPEDECK_SFTP_KEY_FILE to the path of a private key, or TAPEDECK_SFTP_PASSWORD',
};

/** What doctl and DigitalOcean's Terraform provider read. Throws where they are not there: a Space has no other identity. */
export function spacesCredentials({ env }: Around): NonNullable<Credentials> {
  const { SPACES_ACCESS_KEY_ID: accessKeyId, SPACES_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (!accessKeyId && !secretAccessKey)
    throw refused(
      '--to do://…: set SPACES_ACCESS_KEY_ID and SPACES_SECRET_ACCESS_KEY to an access key of Spaces',
    );
  if (accessKeyId && secretAccessKey) return { accessKeyId, secretAccessKey };
  const missing = accessKeyId ? 'SPACES_SECRET_ACCESS_KEY' : 'SPACES_ACCESS_KEY_ID';
  throw refused(`${missing} is not set; it belongs to the other half of the key`);
}

/**
 * What the Azure CLI and SDKs read (https://learn.microsoft.com/cli/azure/azure-cli-configuration), the first that is there.
 * Without a secret among them the SDK's own chain decides: workload identity, managed identity.
 */
export function azureCredentials({ env }: Around): Credentials {
  const connectionString = env.AZURE_STORAGE_CONNECTION_STRING;
  if (connectionString) return { connectionString };
  if (env.AZURE_STORAGE_KEY) return { accountKey: env.AZURE_STORAGE_KEY };
  if (env.AZURE_STORAGE_SAS_TOKEN) return { sasToken: env.AZURE_STORAGE_SAS_TOKEN };
  const { AZURE_TENANT_ID: tenantId, AZURE_CLIENT_ID: clientId, AZURE_CLIENT_SECRET: clientSecret } = env;
  if (!clientSecret) return undefined;
  if (tenantId && clientId) return { tenantId, clientId, clientSecret };
  throw refused('AZURE_CLIENT_SECRET is set without AZURE_TENANT_ID and AZURE_CLIENT_ID');
}

/** A service account's key goes along; any other kind of file is left to Google's own library, which reads the variable too. */
export function gcsCredentials({ env, readFile }: Around): Credentials {
  const path = env.GOOGLE_APPLICATION_CREDENTIALS;
  if (!path) return undefined;
  const serviceAccount = readNamed('GOOGLE_APPLICATION_CREDENTIALS', path, readFile);
  return typeOf(serviceAccount, path) === 'service_account' ? { serviceAccount } : undefined;
}

/** Throws where there is neither a key nor a password: a server of SFTP lets nobody in without. */
export function sftpCredentials(username: string, { env, readFile }: Around): NonNullable<Credentials> {
  const path = env.TAPEDECK_SFTP_KEY_FILE;
  const passphrase = env.TAPEDECK_SFTP_PASSPHRASE;
  if (path) {
    const privateKey = readNamed('TAPEDECK_SFTP_KEY_FILE', path, readFile);
    return { username, privateKey, ...(passphrase && { passphrase }) };
  }
  if (env.TAPEDECK_SFTP_PASSWORD) return { username, password: env.TAPEDECK_SFTP_PASSWORD };
  throw refused(
    '--to sftp://…: set TAPEDECK_SFTP_KEY_FILE to the path of a private key (and TAPEDECK_SFTP_PASSPHRASE), or TAPEDECK_SFTP_PASSWORD',
  );
}

function readNamed(variable: string, path: string, readFile: Around['readFile']): string {
  try {
    return readFile(path);
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    throw refused(`${variable} names ${path}, which cannot be read${code}`, cause);
  }
}

/** Nothing of the file is quoted, whatever it is. */
function typeOf(text: string, path: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'type' in value ? value.type : undefined;
  } catch {
    throw refused(`GOOGLE_APPLICATION_CREDENTIALS names ${path}, which is not JSON`);
  }
}

function refused(message: string, cause?: unknown): TapedeckError {
  return new TapedeckError('InvalidCredentials', message, { cause });
}
