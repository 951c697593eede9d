import { parseManifest } from '@tapedeck/core';
import { describe, expect, it, vi } from 'vitest';
import { type DestinationSurroundings, parseDestination } from './destination.ts';
import { withPlaceholders } from './destination-name.ts';
import { absentSecret, environmentSecret } from './environment-secret.ts';
import { composeRecording } from './recording-document.ts';

type Env = DestinationSurroundings['env'];
const files: Readonly<Record<string, string>> = {
  '/key.json': '{"type":"service_account","private_key":"c2VjcmV0"}',
  '/user.json': '{"type":"authorized_user"}',
  '/broken.json': 'c2VjcmV0',
  '/id_ed25519': '-----BEGIN OPENSSH PRIVATE KEY-----',
};
const parse = (text: string, env: Env = {}) =>
  parseDestination(text, {
    cwd: '/cwd',
    home: '/home/u',
    env,
    readFile: (path) => {
      const found = files[path];
      if (found === undefined) throw Object.assign(new Error(`no ${path}`), { code: 'ENOENT' });
      return found;
    },
  });

describe('--to an address', () => {
  const spaces = { SPACES_ACCESS_KEY_ID: 'id', SPACES_SECRET_ACCESS_KEY: 'secret' };
  const password = { TAPEDECK_SFTP_PASSWORD: 'hunter2' };

  it.each<[string, Env, object, object | undefined]>([
    [
      'do://space/a/b?region=FRA1',
      spaces,
      { provider: 'DigitalOcean', digitalOcean: { bucket: 'space', region: 'FRA1' }, prefix: 'a/b' },
      { accessKeyId: 'id', secretAccessKey: 'secret' },
    ],
    [
      'gs://bkt_a/a%20b/',
      { GOOGLE_APPLICATION_CREDENTIALS: '/key.json' },
      { provider: 'GCS', gcs: { bucket: 'bkt_a' }, prefix: 'a b' },
      { serviceAccount: files['/key.json'] },
    ],
    [
      'gs://bkt?endpoint=http://127.0.0.1:4443',
      { GOOGLE_APPLICATION_CREDENTIALS: '/user.json' },
      { provider: 'GCS', gcs: { bucket: 'bkt', endpoint: 'http://127.0.0.1:4443' } },
      undefined,
    ],
    [
      'az://recordings/a?account=acme',
      { AZURE_STORAGE_KEY: 'a2V5' },
      { provider: 'AzureBlob', azureBlob: { account: 'acme', container: 'recordings' }, prefix: 'a' },
      { accountKey: 'a2V5' },
    ],
    [
      'az://recordings',
      { AZURE_STORAGE_CONNECTION_STRING: 'AccountName=acme', AZURE_STORAGE_ACCOUNT: 'other' },
      { provider: 'AzureBlob', azureBlob: { container: 'recordings' } },
      { connectionString: 'AccountName=acme' },
    ],
    [
      'az://recordings',
      { AZURE_STORAGE_ACCOUNT: 'acme', AZURE_STORAGE_SAS_TOKEN: 'sig=x' },
      { provider: 'AzureBlob', azureBlob: { account: 'acme', container: 'recordings' } },
      { sasToken: 'sig=x' },
    ],
    [
      'az://recordings?account=acme',
      { AZURE_TENANT_ID: 't', AZURE_CLIENT_ID: 'c', AZURE_CLIENT_SECRET: 's' },
      { provider: 'AzureBlob', azureBlob: { account: 'acme', container: 'recordings' } },
      { tenantId: 't', clientId: 'c', clientSecret: 's' },
    ],
    [
      'az://recordings?account=acme',
      { AZURE_TENANT_ID: 't', AZURE_CLIENT_ID: 'c', AZURE_FEDERATED_TOKEN_FILE: '/token' },
      { provider: 'AzureBlob', azureBlob: { account: 'acme', container: 'recordings' } },
      undefined,
    ],
    [
      'sftp://me@files.example.com:2222/srv/rec/?hostKey=ssh-ed25519%20AAAAC3+/x==&hostKey=SHA256:abc',
      { TAPEDECK_SFTP_KEY_FILE: '/id_ed25519', TAPEDECK_SFTP_PASSPHRASE: 'p', ...password },
      {
        provider: 'SFTP',
        sftp: {
          host: 'files.example.com',
          port: 2222,
          hostKeys: ['ssh-ed25519 AAAAC3+/x==', 'SHA256:abc'],
          directory: '/srv/rec',
        },
      },
      { username: 'me', privateKey: files['/id_ed25519'], passphrase: 'p' },
    ],
    [
      'sftp://me@h/~/rec?trustOnFirstUse=true&hostKey=ssh-ed25519+AAAAC3+x',
      password,
      {
        provider: 'SFTP',
        sftp: { host: 'h', hostKeys: ['ssh-ed25519 AAAAC3+x'], trustOnFirstUse: true, directory: 'rec' },
      },
      { username: 'me', password: 'hunter2' },
    ],
    [
      'sftp://me@[::1]',
      password,
      { provider: 'SFTP', sftp: { host: '::1' } },
      { username: 'me', password: 'hunter2' },
    ],
  ])('%s with %j', (text, env, spec, credentials) => {
    const { made } = parse(text, env);
    expect(made?.spec).toEqual(spec);
    expect(made?.credentials).toEqual(credentials);
    const apiVersion = 'tapedeck.dev/v1alpha1';
    const document = {
      apiVersion,
      kind: 'ExternalStorage',
      metadata: { name: made?.name },
      spec: made?.spec,
    };
    expect(() => parseManifest(document)).not.toThrow();
  });

  it.each<[string, Env, string, string]>([
    ['do://space', {}, 'InvalidManifest', 'add the region'],
    ['do://space?region=fra1', {}, 'InvalidCredentials', 'set SPACES_ACCESS_KEY_ID and SPACES_SECRET'],
    [
      'do://space?region=fra1',
      { SPACES_ACCESS_KEY_ID: 'hunter2' },
      'InvalidCredentials',
      'SPACES_SECRET_ACCESS_KEY is not set',
    ],
    ['gs://bkt?endpont=x', {}, 'InvalidManifest', 'unknown ?endpont=; did you mean endpoint?'],
    [
      'gs://bkt',
      { GOOGLE_APPLICATION_CREDENTIALS: '/no.json' },
      'InvalidCredentials',
      '/no.json, which cannot be read (ENOENT)',
    ],
    [
      'gs://bkt',
      { GOOGLE_APPLICATION_CREDENTIALS: '/broken.json' },
      'InvalidCredentials',
      '/broken.json, which is not JSON',
    ],
    ['gs://bkt:443/a', {}, 'InvalidManifest', 'a port belongs to ?endpoint='],
    ['gs:bkt', {}, 'InvalidManifest', 'it is no address'],
    ['gs:///a', {}, 'InvalidManifest', 'is missing'],
    ['gs://bkt/100%', {}, 'InvalidManifest', 'write it as %25'],
    ['gs://bkt/a#b', {}, 'InvalidManifest', 'write # in a name as %23'],
    ['az://recordings', {}, 'InvalidManifest', 'whose container is it?'],
    ['az://recordings?account=a&account=b', {}, 'InvalidManifest', '?account= is there twice'],
    [
      'az://recordings?account=a',
      { AZURE_CLIENT_SECRET: 'hunter2' },
      'InvalidCredentials',
      'without AZURE_TENANT_ID',
    ],
    ['az://key:hunter2@recordings', {}, 'InvalidManifest', 'set AZURE_STORAGE_CONNECTION_STRING'],
    ['s3://bkt?zone=x', {}, 'InvalidManifest', 'known: region, endpoint, pathStyle, storageClass'],
    ['sftp://h/dir', password, 'InvalidManifest', 'who logs in?'],
    ['sftp://me:hunter2@h/dir', {}, 'InvalidManifest', 'set TAPEDECK_SFTP_PASSWORD'],
    ['sftp://me@h/dir', {}, 'InvalidCredentials', 'set TAPEDECK_SFTP_KEY_FILE'],
    ['sftp://me@h?trustOnFirstUse=maybe', password, 'InvalidManifest', 'is true or false'],
  ])('%s with %j is refused', (text, env, code, words) => {
    const message = expect.stringContaining(words);
    expect(() => parse(text, env)).toThrow(expect.objectContaining({ code, message }));
    expect(() => parse(text, env)).not.toThrow(/hunter2|c2VjcmV0/);
  });

  it('is remembered by the storage, for whoever needs the same credentials again', () => {
    const address = 'az://recordings?account=acme';
    const { made } = parse(address, { AZURE_STORAGE_KEY: 'a2V5' });
    const [, storage] = composeRecording({
      source: { type: 'TestCard' },
      destination: made === undefined ? { storage: 'none' } : { made },
      namespace: 'default',
      name: 'r',
      duration: undefined,
      now: new Date(),
    }).map(parseManifest);
    if (storage?.kind !== 'ExternalStorage') throw new Error('the second document is no storage');
    vi.stubEnv('AZURE_STORAGE_KEY', 'bmV3IGtleQ==');
    expect(environmentSecret(storage)?.get('default', storage.metadata.name)).toEqual({
      accountKey: 'bmV3IGtleQ==',
    });
    vi.stubEnv('AZURE_STORAGE_KEY', '');
    expect(environmentSecret(storage)).toBeUndefined();
    const lost = absentSecret(storage, 'recordings', { command: 'link RECORDING', cause: undefined });
    expect(lost.message).toMatch(/no Secret recordings here; .* made of az:.*: set AZURE_STORAGE_CONN/);
    expect(lost.message).not.toContain('-f FILE');
    vi.unstubAllEnvs();
  });

  it('is shown without what is secret', () => {
    const { made } = parse('sftp://me@h/dir', password);
    expect(made && withPlaceholders(made).credentials).toEqual({ username: 'me', password: 'REPLACE_ME' });
  });
});
