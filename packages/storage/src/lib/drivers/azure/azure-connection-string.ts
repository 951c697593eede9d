import { TapedeckError } from '@tapedeck/core';

/** What a connection string says of the blob service. Exactly one of `key` and `sasToken` is there. */
export interface AzureConnection {
  readonly endpoint: string;
  readonly account: string | undefined;
  readonly key: string | undefined;
  readonly sasToken: string | undefined;
}

/**
 * The account that every emulator has, with a key that is no secret:
 * https://learn.microsoft.com/azure/storage/common/storage-connect-azurite
 */
const emulator = {
  account: 'devstoreaccount1',
  key: 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==',
  host: 'http://127.0.0.1',
  port: 10000,
} as const;

/**
 * Reads `Name=value;Name=value` as the portal gives it
 * (https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string). Names of the other
 * services' endpoints may be among them. No message repeats any of it.
 */
export function readConnectionString(text: string): AzureConnection {
  const fields = readFields(text);
  if (fields.get('usedevelopmentstorage')?.toLowerCase() === 'true') {
    const host = fields.get('developmentstorageproxyuri')?.replace(/\/+$/, '') ?? emulator.host;
    const { account, key, port } = emulator;
    return { endpoint: `${host}:${port}/${account}`, account, key, sasToken: undefined };
  }
  const account = fields.get('accountname');
  const key = fields.get('accountkey');
  const sasToken = fields.get('sharedaccesssignature');
  if (key === undefined && sasToken === undefined)
    throw refused(
      'has neither AccountKey nor SharedAccessSignature',
      "copy it whole from the storage account's access keys",
    );
  if (key !== undefined && sasToken !== undefined)
    throw refused('has both AccountKey and SharedAccessSignature', 'leave one of them out');
  if (key !== undefined && account === undefined) throw refused('has no AccountName', 'copy it whole');
  return { endpoint: endpointOf(fields, account), account, key, sasToken };
}

function readFields(text: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const field of text.trim().split(';')) {
    if (field.trim() === '') continue;
    const [, name, value] = /^\s*([A-Za-z]+)\s*=\s*(.+?)\s*$/.exec(field) ?? [];
    if (name === undefined || value === undefined)
      throw refused('is not of the form Name=value;Name=value', 'copy it whole, without quotes around it');
    fields.set(name.toLowerCase(), value);
  }
  return fields;
}

function endpointOf(fields: ReadonlyMap<string, string>, account: string | undefined): string {
  const endpoint = fields.get('blobendpoint');
  if (endpoint !== undefined) {
    const parsed = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
    if (parsed === undefined || !['http:', 'https:'].includes(parsed.protocol) || parsed.username !== '')
      throw refused('has a BlobEndpoint that is no http or https URL', 'correct it');
    return parsed.origin + parsed.pathname;
  }
  if (account === undefined) throw refused('has neither AccountName nor BlobEndpoint', 'copy it whole');
  const protocol = fields.get('defaultendpointsprotocol') ?? 'https';
  const suffix = fields.get('endpointsuffix') ?? 'core.windows.net';
  const made = `${protocol}://${account}.blob.${suffix}`;
  if (!/^https?:$/.test(URL.canParse(made) ? new URL(made).protocol : ''))
    throw refused('gives no http or https address', 'correct DefaultEndpointsProtocol and EndpointSuffix');
  return made;
}

function refused(what: string, next: string): TapedeckError {
  return new TapedeckError('InvalidCredentials', `The connectionString in the credentials ${what}; ${next}.`);
}
