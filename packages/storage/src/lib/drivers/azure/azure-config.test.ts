import type { ExternalStorageSpec } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import { readAzureConfig } from './azure-config.ts';

type AzureBlock = NonNullable<ExternalStorageSpec['azureBlob']>;
const read = (azureBlob: Partial<AzureBlock>, credentials: Record<string, string> = {}) =>
  readAzureConfig(
    { provider: 'AzureBlob', azureBlob: { container: 'recordings', ...azureBlob } },
    credentials,
  );
const refusal = (azureBlob: Partial<AzureBlock>, credentials: Record<string, string>) => {
  try {
    return { message: `taken as ${JSON.stringify(read(azureBlob, credentials))}` };
  } catch (error) {
    return error as { code?: string; message: string };
  }
};

const key = Buffer.from('a key of sixty-four bytes, in base64').toString('base64');
const sas = 'sv=2022-11-02&sr=c&sp=w&se=2030-01-01T00%3A00%3A00Z&sig=c2lnbmF0dXJl';
const azure = 'https://acct.blob.core.windows.net';

describe("an Azure container's credentials", () => {
  it.each<[string, Partial<AzureBlock>, Record<string, string>, object]>([
    [
      'a connection string',
      {},
      {
        connectionString: `DefaultEndpointsProtocol=https;AccountName=acct;AccountKey=${key};EndpointSuffix=core.windows.net`,
      },
      { endpoint: azure, account: 'acct', identity: { type: 'AccountKey', account: 'acct', key } },
    ],
    [
      'a connection string of another cloud, with a newline at its end',
      {},
      { connectionString: `AccountName=acct;AccountKey=${key};EndpointSuffix=core.chinacloudapi.cn;\n` },
      { endpoint: 'https://acct.blob.core.chinacloudapi.cn' },
    ],
    [
      'a connection string with endpoints',
      { account: 'acct' },
      {
        connectionString: `accountname=acct;ACCOUNTKEY=${key};BlobEndpoint=https://blobs.example.com/;QueueEndpoint=https://queues.example.com/`,
      },
      { endpoint: 'https://blobs.example.com', identity: { type: 'AccountKey', account: 'acct', key } },
    ],
    [
      'a connection string with a SAS',
      {},
      { connectionString: `BlobEndpoint=${azure}/;SharedAccessSignature=${sas}` },
      { endpoint: azure, account: 'acct', identity: { type: 'Sas', token: sas } },
    ],
    [
      'a connection string with a SAS and an account',
      {},
      { connectionString: `AccountName=acct;SharedAccessSignature=?${sas}` },
      { endpoint: azure, identity: { type: 'Sas', token: sas } },
    ],
    [
      "the emulator's connection string",
      {},
      { connectionString: 'UseDevelopmentStorage=true' },
      { endpoint: 'http://127.0.0.1:10000/devstoreaccount1', account: 'devstoreaccount1' },
    ],
    [
      "the emulator's connection string with its proxy",
      {},
      { connectionString: 'UseDevelopmentStorage=true;DevelopmentStorageProxyUri=http://azurite' },
      { endpoint: 'http://azurite:10000/devstoreaccount1' },
    ],
    [
      'a connection string, its endpoint replaced',
      { endpoint: 'http://127.0.0.1:10001/acct' },
      { connectionString: `AccountName=acct;AccountKey=${key}` },
      { endpoint: 'http://127.0.0.1:10001/acct' },
    ],
    [
      'an account key',
      { account: 'acct' },
      { accountKey: `${key}\n` },
      { endpoint: azure, identity: { type: 'AccountKey', account: 'acct', key } },
    ],
    [
      'an account key, the account in the endpoint',
      { endpoint: `${azure}/` },
      { accountKey: key },
      { endpoint: azure, identity: { type: 'AccountKey', account: 'acct', key } },
    ],
    [
      'an account key for an emulator, the account in the path or beside it',
      { account: 'acct', endpoint: 'http://127.0.0.1:10000' },
      { accountKey: key },
      { endpoint: 'http://127.0.0.1:10000/acct' },
    ],
    [
      'a SAS',
      { account: 'acct' },
      { sasToken: sas },
      { endpoint: azure, identity: { type: 'Sas', token: sas } },
    ],
    [
      'a SAS as the URL that it comes in',
      { account: 'acct' },
      { sasToken: `${azure}/recordings?${sas}` },
      { identity: { type: 'Sas', token: sas } },
    ],
    [
      'a service principal',
      { account: 'acct' },
      { tenantId: 'contoso.onmicrosoft.com', clientId: '0f-1', clientSecret: 'a secret' },
      { identity: { type: 'ServicePrincipal', clientSecret: 'a secret' } },
    ],
    ['none at all', { account: 'acct' }, {}, { endpoint: azure, identity: { type: 'Ambient' } }],
  ])('may be %s', (_, azureBlob, credentials, expected) => {
    expect(read(azureBlob, credentials)).toMatchObject({ container: 'recordings', ...expected });
  });

  it.each<[string, Partial<AzureBlock>, Record<string, string>, RegExp]>([
    [
      'a connection string without a key',
      {},
      { connectionString: 'AccountName=acct;EndpointSuffix=x-secret' },
      /connectionString .* neither AccountKey nor SharedAccessSignature/,
    ],
    [
      'a connection string without an account',
      {},
      { connectionString: `AccountKey=${key}` },
      /no AccountName/,
    ],
    [
      'a connection string with both',
      {},
      { connectionString: `AccountName=acct;AccountKey=${key};SharedAccessSignature=${sas}` },
      /both/,
    ],
    ['another text', {}, { connectionString: 'x-secret' }, /Name=value/],
    [
      'an endpoint that is none',
      {},
      { connectionString: `AccountName=acct;AccountKey=${key};BlobEndpoint=ftp://x-secret` },
      /BlobEndpoint/,
    ],
    [
      'a key that is no base64',
      {},
      { connectionString: 'AccountName=acct;AccountKey=x-secret' },
      /no base64/,
    ],
    [
      'another account than the manifest',
      { account: 'other' },
      { connectionString: `AccountName=acct;AccountKey=${key}` },
      /another account/,
    ],
    [
      'an account key that is none',
      { account: 'acct' },
      { accountKey: 'x-secret' },
      /accountKey .* no base64/,
    ],
    ['an account key without an account', {}, { accountKey: key }, /spec.azureBlob.account is missing/],
    [
      'a SAS without a signature',
      { account: 'acct' },
      { sasToken: 'sv=2022-11-02&x-secret' },
      /sasToken .* sig=/,
    ],
    ['half a principal', { account: 'acct' }, { tenantId: 't', clientSecret: 'x-secret' }, /lack clientId/],
    [
      'an id that is none',
      { account: 'acct' },
      { tenantId: 'x-secret!', clientId: 'c', clientSecret: 's' },
      /tenantId .* no id/,
    ],
    [
      'two kinds',
      { account: 'acct' },
      { accountKey: key, sasToken: sas },
      /accountKey and sasToken, .* several kinds/,
    ],
    [
      'keys of another service',
      { account: 'acct' },
      { secretAccessKey: 'x-secret' },
      /none of the keys that Azure takes/,
    ],
    [
      'a principal without TLS',
      { endpoint: 'http://127.0.0.1:10000/acct' },
      { tenantId: 't', clientId: 'c', clientSecret: 's' },
      /not https/,
    ],
    ['no account at all', {}, {}, /spec.azureBlob.account is missing/],
  ])('are refused when they are %s, without being repeated', (_, azureBlob, credentials, message) => {
    const error = refusal(azureBlob, credentials);
    expect(error.message).toMatch(message);
    expect(['InvalidCredentials', 'InvalidManifest']).toContain(error.code);
    for (const secret of ['x-secret', key, 'c2lnbmF0dXJl']) expect(error.message).not.toContain(secret);
  });
});
