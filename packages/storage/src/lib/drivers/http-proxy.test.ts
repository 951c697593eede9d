import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Driver } from '../driver.ts';
import { createDriver } from './drivers.ts';
import { createHttpClient } from './gcs/gcs-http.ts';
import { usesProxy } from './http-proxy.ts';

it.each([
  [{ HTTPS_PROXY: 'http://proxy:3128' }, false],
  [{ NODE_USE_ENV_PROXY: '1' }, false],
  [{ NODE_USE_ENV_PROXY: '1', https_proxy: 'http://proxy:3128' }, true],
])('with %j a proxy is in between: %s', (env, expected) => {
  expect(usesProxy(env)).toBe(expected);
});

describe('a proxy that the environment names', () => {
  const endpoint = 'http://storage.invalid';
  const asked: string[] = [];
  let proxy: Server;
  let drivers: Driver[];

  beforeEach(async () => {
    asked.length = 0;
    drivers = [];
    proxy = createServer((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    for (const name of ['NO_PROXY', 'no_proxy']) vi.stubEnv(name, undefined);
    for (const name of ['HTTP_PROXY', 'http_proxy'])
      vi.stubEnv(name, `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`);
  });
  afterEach(async () => {
    vi.unstubAllEnvs();
    for (const driver of drivers) await driver.close();
    proxy.closeAllConnections();
    await new Promise((resolve) => proxy.close(resolve));
  });

  const open = async (...[config]: Parameters<typeof createDriver>): Promise<Driver> => {
    const driver = await createDriver(config);
    drivers.push(driver);
    return driver;
  };
  const openS3 = () =>
    open({
      spec: { provider: 'S3', s3: { bucket: 'b', endpoint } },
      credentials: { accessKeyId: 'id', secretAccessKey: 'secret' },
    });

  it('is taken by S3 where node is told to', async () => {
    vi.stubEnv('NODE_USE_ENV_PROXY', '1');
    const driver = await openS3();
    expect(driver.viaProxy).toBe(true);
    await expect(driver.head('a.mp4')).rejects.toThrow();
    expect(asked).toEqual([`${endpoint}/b/a.mp4`]);
  });

  it('is not taken by S3 else', async () => {
    const driver = await openS3();
    expect(driver.viaProxy).toBe(false);
    await expect(driver.head('a.mp4')).rejects.toMatchObject({ code: 'StorageUnreachable' });
    expect(asked).toEqual([]);
  });

  it('is taken by requests to Cloud Storage where node is told to', async () => {
    vi.stubEnv('NODE_USE_ENV_PROXY', '1');
    const http = createHttpClient();
    const { status } = await http.send({ method: 'GET', url: `${endpoint}/b/a.mp4`, headers: {} });
    http.close();
    expect(status).toBe(404);
    expect(asked).toEqual([`${endpoint}/b/a.mp4`]);
  });

  it('is taken by Azure in any case', async () => {
    const driver = await open({
      spec: { provider: 'AzureBlob', azureBlob: { container: 'c', account: 'acc', endpoint } },
      credentials: { accountKey: 'c2VjcmV0' },
    });
    expect(driver.viaProxy).toBe(true);
    await expect(driver.head('a.mp4')).rejects.toThrow();
    expect(asked).toEqual([`${endpoint}/c/a.mp4`]);
  });

  it('is nothing to SFTP', async () => {
    vi.stubEnv('NODE_USE_ENV_PROXY', '1');
    const driver = await open({
      spec: { provider: 'SFTP', sftp: { host: 'storage.invalid', trustOnFirstUse: true } },
      credentials: { username: 'me', password: 'secret' },
    });
    expect(driver.viaProxy).toBeUndefined();
  });
});
