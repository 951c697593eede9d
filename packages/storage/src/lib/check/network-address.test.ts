import { describe, expect, it } from 'vitest';
import { describeAddress, networkAddress } from './network-address.ts';

describe("the address in a driver's endpoint", () => {
  it.each([
    ['https://s3.eu-central-1.amazonaws.com', 's3.eu-central-1.amazonaws.com:443', true, true],
    ['http://127.0.0.1:9000/base', '127.0.0.1:9000', false, true],
    ['http://[::1]:9000', '[::1]:9000', false, true],
    ['sftp://files.example.com', 'files.example.com:22', false, false],
    ['sftp://files.example.com:2222', 'files.example.com:2222', false, false],
    ['sftp://h:2222 with the key SHA256:abc', 'h:2222', false, false],
  ])('%s', (endpoint, where, tls, http) => {
    const address = networkAddress(endpoint);
    expect(address).toMatchObject({ tls, http });
    expect(address && describeAddress(address)).toBe(where);
  });

  it.each([undefined, 'file:///srv', 'recordings'])('is not there in %s', (endpoint) => {
    expect(networkAddress(endpoint)).toBeUndefined();
  });
});
