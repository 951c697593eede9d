import { describe, expect, it } from 'vitest';
import { refuseMisspeltCredentials } from './credential-names.ts';

describe('names of credentials', () => {
  it.each([
    ['S3', ['accessKeyId', 'secretAccessKey']],
    ['S3', ['accessKeyId', 'secretAccessKey', 'region', 'note']],
    ['S3', []],
    ['SFTP', ['username', 'privateKey']],
    ['Local', ['anything']],
  ] as const)('%s takes %j', (provider, given) => {
    const values = Object.fromEntries(given.map((name) => [name, 'value']));
    expect(() => refuseMisspeltCredentials(provider, values)).not.toThrow();
  });

  it.each([
    ['S3', ['accessKeyId', 'secretAcessKey'], /have secretAcessKey, .* did you mean secretAccessKey\?/],
    ['GCS', ['serviceAcount'], /have serviceAcount, .* did you mean serviceAccount\?/],
    ['S3', ['AWS_SECRET'], /none of the keys that provider S3 takes \(accessKeyId, secretAccessKey/],
    ['AzureBlob', ['connection'], /none of the keys that provider AzureBlob takes/],
  ] as const)('%s refuses %j, and echoes no value', (provider, given, message) => {
    const values = Object.fromEntries(given.map((name) => [name, 'hush-hush']));
    const refuse = () => refuseMisspeltCredentials(provider, values);
    expect(refuse).toThrow(message);
    expect(refuse).not.toThrow(/hush/);
  });
});
