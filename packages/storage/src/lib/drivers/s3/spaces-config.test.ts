import { describe, expect, it } from 'vitest';
import { readSpacesConfig } from './spaces-config.ts';

const keys = { accessKeyId: 'id', secretAccessKey: 'secret' };
const read = (space: object, credentials: Record<string, string> = keys) =>
  readSpacesConfig(
    { provider: 'DigitalOcean', digitalOcean: { bucket: 'talks', region: 'fra1', ...space } },
    credentials,
  );

describe("a Space's configuration", () => {
  it.each(['fra1', 'FRA1', 'Fra1'])('finds the endpoint by the region %s', (region) => {
    expect(read({ region })).toMatchObject({
      bucket: 'talks',
      region: 'fra1',
      endpoint: 'https://fra1.digitaloceanspaces.com',
      checksum: 'MD5',
      keys,
    });
  });

  it('goes to another address where one is given', () => {
    expect(read({ endpoint: 'http://127.0.0.1:7070' }).endpoint).toBe('http://127.0.0.1:7070');
  });

  it.each([
    [{}, /name a Secret with accessKeyId and secretAccessKey/],
    [{ accessKeyId: 'id' }, /lack secretAccessKey/],
    [{ secretAccessKey: 'not-to-be-said' }, /lack accessKeyId/],
  ])('needs both keys, not %j', (credentials, message) => {
    expect(() => read({}, credentials)).toThrow(message);
    expect(() => read({}, credentials)).not.toThrow(/not-to-be-said/);
  });
});
