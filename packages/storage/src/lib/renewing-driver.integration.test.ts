import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createStore } from './create-store.ts';

let directory: string;
let server: Server;
/** The one key that the service takes. */
let valid: string;
/** Keys that asked, in order. */
let asked: string[];

/** An S3 that looks at nothing but whose key a request is signed with. */
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'tapedeck-keys-'));
  asked = [];
  valid = 'first';
  server = createServer((request, response) => {
    const key = /Credential=([^/]+)\//.exec(request.headers.authorization ?? '')?.[1] ?? '';
    asked.push(key);
    request.resume().on('end', () => {
      if (key === valid) {
        response.writeHead(200, { etag: '"1"', 'content-length': '0' }).end();
        return;
      }
      const body = '<Error><Code>InvalidAccessKeyId</Code><Message>It is not known.</Message></Error>';
      response
        .writeHead(403, { 'content-type': 'application/xml' })
        .end(request.method === 'HEAD' ? '' : body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  await mount('first');
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  await rm(directory, { recursive: true, force: true });
});

const mount = async (key: string) => {
  await writeFile(path.join(directory, 'accessKeyId'), key);
  await writeFile(path.join(directory, 'secretAccessKey'), `secret of ${key}`);
};

const open = () =>
  createStore(
    {
      name: 'team',
      spec: {
        provider: 'S3',
        s3: {
          bucket: 'recordings',
          region: 'us-east-1',
          endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
          forcePathStyle: true,
        },
      },
      credentials: { type: 'Directory', path: directory },
    },
    { retry: { maxTotalMs: 0 } },
  );
const bytes = new TextEncoder().encode('hello');

it('goes on with the keys that are mounted by now, where those that it had are refused', async () => {
  const store = await open();
  try {
    await store.put('a', bytes, 'text/plain');
    valid = 'second';
    await mount('second');
    await store.put('b', bytes, 'text/plain');
    await store.put('c', bytes, 'text/plain');
    expect(asked).toEqual(['first', 'first', 'second', 'second']);
    await expect(store.head('b')).resolves.toMatchObject({ key: 'b' });
  } finally {
    await store.close();
  }
});

it('replaces them once for all calls that are under way', async () => {
  const store = await open();
  try {
    valid = 'second';
    await mount('second');
    await Promise.all(['a', 'b', 'c', 'd'].map((key) => store.put(key, bytes, 'text/plain')));
    expect(asked.filter((key) => key === 'second')).toHaveLength(4);
  } finally {
    await store.close();
  }
});

it('says that it was refused where there are no others, or none that can be used', async () => {
  const store = await open();
  try {
    valid = 'second';
    await expect(store.put('a', bytes, 'text/plain')).rejects.toMatchObject({
      code: 'StorageUnauthenticated',
    });
    expect(asked).toEqual(['first']);
    await rm(path.join(directory, 'secretAccessKey'));
    await expect(store.put('a', bytes, 'text/plain')).rejects.toMatchObject({
      code: 'StorageUnauthenticated',
    });
    expect(asked).toEqual(['first', 'first']);
  } finally {
    await store.close();
  }
});
