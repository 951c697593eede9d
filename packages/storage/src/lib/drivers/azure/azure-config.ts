import { isIP } from 'node:net';
import { type ExternalStorageSpec, TapedeckError } from '@tapedeck/core';
import type { CredentialValues } from '../../credentials.ts';
import { readConnectionString } from './azure-connection-string.ts';

/** A container, with everything decided that needs no network. */
export interface AzureConfig {
  readonly container: string;
  /** Of the blob service, without a slash at its end. */
  readonly endpoint: string;
  /** Undefined where neither the manifest nor the address tells; only links by a role need it. */
  readonly account: string | undefined;
  readonly identity: AzureIdentity;
}

/** Who we are to the service. */
export type AzureIdentity =
  | { readonly type: 'AccountKey'; readonly account: string; readonly key: string }
  | { readonly type: 'Sas'; readonly token: string }
  | {
      readonly type: 'ServicePrincipal';
      readonly tenantId: string;
      readonly clientId: string;
      readonly clientSecret: string;
    }
  /** Whatever the machine or the ServiceAccount offers. */
  | { readonly type: 'Ambient' };

type AzureBlock = NonNullable<ExternalStorageSpec['azureBlob']>;

/** The kinds of credentials, each by the keys that it takes together. */
const kinds = [
  ['connectionString'],
  ['accountKey'],
  ['sasToken'],
  ['tenantId', 'clientId', 'clientSecret'],
] as const;

export function readAzureConfig(spec: ExternalStorageSpec, credentials: CredentialValues): AzureConfig {
  const azure = spec.azureBlob;
  if (azure === undefined) throw new TapedeckError('InvalidManifest', 'spec.azureBlob is missing.');
  const kind = kindOf(credentials);
  const value = (name: string) => credentials[name]?.trim() ?? '';
  switch (kind) {
    case 'connectionString':
      return fromConnectionString(azure, value('connectionString'));
    case 'accountKey': {
      const address = addressOf(azure);
      if (address.account === undefined) throw noAccount('an accountKey');
      const key = requireKey('accountKey', value('accountKey'));
      return { ...address, identity: { type: 'AccountKey', account: address.account, key } };
    }
    case 'sasToken':
      return { ...addressOf(azure), identity: { type: 'Sas', token: readSas(value('sasToken')) } };
    case 'tenantId': {
      const [tenantId, clientId] = [value('tenantId'), value('clientId')];
      requireIds({ tenantId, clientId });
      const identity = {
        type: 'ServicePrincipal',
        tenantId,
        clientId,
        clientSecret: value('clientSecret'),
      } as const;
      return { ...requireTls(addressOf(azure)), identity };
    }
    case undefined:
      return { ...requireTls(addressOf(azure)), identity: { type: 'Ambient' } };
  }
}

/** The first key of the one kind that is there, complete; undefined where there are no credentials at all. */
function kindOf(credentials: CredentialValues): (typeof kinds)[number][0] | undefined {
  const has = (name: string) => (credentials[name] ?? '').trim() !== '';
  const found = kinds.filter((names) => names.some(has));
  const list = 'connectionString, accountKey, sasToken, or tenantId with clientId and clientSecret';
  if (found.length > 1) {
    const names = found.map(([first]) => first).join(' and ');
    throw invalid(`The storage's credentials hold ${names}, which are several kinds; give one of ${list}.`);
  }
  const [kind] = found;
  if (kind === undefined) {
    if (Object.keys(credentials).length === 0) return undefined;
    throw invalid(`The storage's credentials hold none of the keys that Azure takes: give ${list}.`);
  }
  const missing = kind.filter((name) => !has(name));
  if (missing.length > 0) throw invalid(`The storage's credentials lack ${missing.join(' and ')}.`);
  return kind[0];
}

function fromConnectionString(azure: AzureBlock, text: string): AzureConfig {
  const { account, key, sasToken, endpoint } = readConnectionString(text);
  if (azure.account !== undefined && account !== undefined && azure.account !== account) {
    throw new TapedeckError(
      'InvalidManifest',
      'The connectionString belongs to another account than spec.azureBlob.account names; leave that field out, or correct it.',
    );
  }
  const address = addressOf({
    ...azure,
    account: account ?? azure.account,
    endpoint: azure.endpoint ?? endpoint,
  });
  if (key !== undefined && account !== undefined) {
    const accountKey = requireKey('AccountKey of the connectionString', key);
    return { ...address, identity: { type: 'AccountKey', account, key: accountKey } };
  }
  return { ...address, identity: { type: 'Sas', token: readSas(sasToken ?? '') } };
}

type Address = Pick<AzureConfig, 'container' | 'endpoint' | 'account'>;

/**
 * Azure's addresses have the account in the host's name. An address without names, which is an emulator's, has it in
 * the path; it is added there where only the manifest names it.
 */
function addressOf({
  account,
  container,
  endpoint,
}: Pick<AzureBlock, 'account' | 'container' | 'endpoint'>): Address {
  if (endpoint === undefined) {
    if (account === undefined) throw noAccount('credentials without a connection string');
    return { container, account, endpoint: `https://${account}.blob.core.windows.net` };
  }
  const { origin, pathname, hostname } = new URL(endpoint);
  const path = pathname.replace(/\/+$/, '');
  const isEmulator = hostname === 'localhost' || isIP(hostname.replace(/^\[|\]$/g, '')) !== 0;
  if (!isEmulator) {
    const named = /^([a-z0-9]{3,24})\.blob\./.exec(hostname)?.[1];
    return { container, account: account ?? named, endpoint: origin + path };
  }
  if (path === '' && account === undefined) throw noAccount('an endpoint without the account in its path');
  const named = path.split('/')[1];
  return { container, account: account ?? named, endpoint: `${origin}${path === '' ? `/${account}` : path}` };
}

/** Azure's own keys have 64 bytes; emulators take others. */
function requireKey(name: string, key: string): string {
  const isBase64 = /^[A-Za-z0-9+/]+={0,2}$/.test(key) && key.length % 4 === 0;
  if (!isBase64)
    throw invalid(
      `The ${name} in the credentials is no base64; copy it whole from the account's access keys.`,
    );
  return key;
}

/** The portal offers a token and, beside it, a URL that ends in it: both will do. */
function readSas(text: string): string {
  const token = text.slice(text.indexOf('?') + 1);
  const fields = new URLSearchParams(token);
  if (!fields.has('sig') || !fields.has('sv'))
    throw invalid(
      'The sasToken in the credentials is no shared access signature: it needs sv=… and sig=…; copy it whole.',
    );
  return token;
}

function requireIds(ids: Readonly<Record<string, string>>): void {
  for (const [name, id] of Object.entries(ids)) {
    // A tenant may also be named by its domain.
    if (!/^[A-Za-z0-9][A-Za-z0-9.-]{0,253}$/.test(id))
      throw invalid(`The ${name} in the credentials is no id: those have letters, digits and dashes only.`);
  }
}

function requireTls(address: Address): Address {
  if (address.endpoint.startsWith('https:')) return address;
  throw new TapedeckError(
    'InvalidManifest',
    'spec.azureBlob.endpoint is not https, and tokens of an identity go to no other address; write https://, or give an account key.',
  );
}

function invalid(message: string): TapedeckError {
  return new TapedeckError('InvalidCredentials', message);
}

function noAccount(what: string): TapedeckError {
  return new TapedeckError('InvalidManifest', `spec.azureBlob.account is missing: ${what} needs it.`);
}
