import { generateKeyPairSync } from 'node:crypto';
import { type ExternalStorageSpec, TapedeckError } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import { readGcsConfig } from './gcs-config.ts';

const pem = (type: 'rsa' | 'ed25519'): string => {
  const { privateKey } =
    type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519');
  return String(privateKey.export({ type: 'pkcs8', format: 'pem' }));
};
const privateKey = pem('rsa');
const keyFile = {
  type: 'service_account',
  project_id: 'team',
  private_key_id: 'abc',
  private_key: privateKey,
  client_email: 'recorder@team.iam.gserviceaccount.com',
  token_uri: 'https://oauth2.googleapis.com/token',
};
type GcsBlock = NonNullable<ExternalStorageSpec['gcs']>;
const read = (credentials: Record<string, string>, gcs: Partial<GcsBlock> = {}) =>
  readGcsConfig({ provider: 'GCS', gcs: { bucket: 'recordings', ...gcs } }, credentials);
const withFile = (changes: object) => ({ serviceAccount: JSON.stringify({ ...keyFile, ...changes }) });

describe("a Cloud Storage's configuration", () => {
  it.each<[string, Partial<GcsBlock>, object, string]>([
    ["Google's own", {}, {}, 'https://storage.googleapis.com'],
    ['one of a sovereign cloud', {}, { universe_domain: 's3nsapis.fr' }, 'https://storage.s3nsapis.fr'],
    [
      'with scheme, port and path',
      { endpoint: 'http://127.0.0.1:4443/gcs/' },
      {},
      'http://127.0.0.1:4443/gcs',
    ],
  ])('has an endpoint: %s', (_, gcs, changes, endpoint) => {
    expect(read(withFile(changes), gcs).endpoint).toBe(endpoint);
  });

  it('takes the key of a service account', () => {
    expect(read(withFile({})).identity).toEqual({
      type: 'ServiceAccount',
      account: {
        email: keyFile.client_email,
        privateKey,
        privateKeyId: 'abc',
        projectId: 'team',
        tokenUrl: keyFile.token_uri,
        universe: 'googleapis.com',
      },
    });
  });

  it('takes an HMAC key, and no credentials at all', () => {
    const hmac = { accessKeyId: 'GOOG1E', secretAccessKey: 'secret' };
    expect(read(hmac).identity).toEqual({ type: 'Hmac', ...hmac });
    expect(read({}).identity).toEqual({ type: 'Ambient' });
  });

  it.each<[string, Record<string, string>, RegExp]>([
    ['no JSON', { serviceAccount: privateKey }, /not a JSON object/],
    ['JSON that is no object', { serviceAccount: '["secret-part"]' }, /not a JSON object/],
    ['JSON of something else', { serviceAccount: '{"password": "secret-part"}' }, /its type is not/],
    ["a person's credentials", withFile({ type: 'authorized_user' }), /credentials of a person/],
    ['a federation', withFile({ type: 'external_account' }), /GOOGLE_APPLICATION_CREDENTIALS/],
    ['no client_email', withFile({ client_email: undefined }), /lacks client_email/],
    [
      'neither key nor address',
      withFile({ client_email: 1, private_key: '' }),
      /lacks client_email and private_key/,
    ],
    [
      'a key that is no PEM',
      withFile({ private_key: 'secret-part' }),
      /private_key is not an RSA key in PEM/,
    ],
    ['a PEM that is cut off', withFile({ private_key: privateKey.slice(0, 400) }), /private_key is not/],
    ['a key of another kind', withFile({ private_key: pem('ed25519') }), /private_key is not/],
    ['a token endpoint without TLS', withFile({ token_uri: 'http://evil.example/token' }), /token_uri/],
    ['a token endpoint that is no URL', withFile({ token_uri: 'secret-part' }), /token_uri/],
    ['both kinds', { ...withFile({}), accessKeyId: 'a', secretAccessKey: 'b' }, /keep one of the two/],
    ['half an HMAC key', { accessKeyId: 'a' }, /lack secretAccessKey/],
    ['the other half', { secretAccessKey: 'b' }, /lack accessKeyId/],
  ])('refuses %s, by name and without echoing it', (_, credentials, message) => {
    let error: unknown;
    try {
      read(credentials);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(TapedeckError);
    expect(error).toMatchObject({ code: 'InvalidCredentials', message: expect.stringMatching(message) });
    const said = String(error);
    for (const secret of ['secret-part', ...privateKey.split('\n').slice(1, 4)])
      expect(said).not.toContain(secret);
  });

  it('takes a token endpoint on loopback as it is', () => {
    const { identity } = read(withFile({ token_uri: 'http://127.0.0.1:8080/token' }));
    expect(identity).toMatchObject({ account: { tokenUrl: 'http://127.0.0.1:8080/token' } });
  });

  it.each([
    ['no key', {}, /sealed with a key/],
    ['an HMAC key', { accessKeyId: 'a', secretAccessKey: 'b' }, /does not take HMAC keys/],
  ])('refuses resumable sessions with %s', (_, credentials, message) => {
    expect(() => read(credentials, { upload: 'Resumable' })).toThrow(message);
    expect(read(withFile({}), { upload: 'Resumable' }).upload).toBe('Resumable');
  });
});
