import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type LinkReport, type LinkSpec, linkReport, type RunStorage } from '@tapedeck/core';
import { createLinks, createStore } from '@tapedeck/storage';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAzurite } from '../servers/azurite.ts';
import { isGet, startFaultProxy } from '../servers/fault-proxy.ts';
import { findFakeGcs, startGcs } from '../servers/gcs.ts';
import { findVersityGw, startVersityGw, type VersityGw } from '../servers/versitygw.ts';

const program = await findVersityGw();
const ask = (storage: RunStorage, keys: readonly string[], expiresInSeconds = 60): LinkSpec => ({
  version: 1,
  id: 'link',
  storage,
  keys: [...keys],
  expiresInSeconds,
});

/** As the recorder's own program answers, which has nothing to say besides. */
async function askProgram(program: string, spec: LinkSpec): Promise<LinkReport> {
  const path = fileURLToPath(new URL(`../../packages/recorder/${program}`, import.meta.url));
  const child = spawn(process.execPath, [path, 'link'], { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.end(JSON.stringify(spec));
  const [answer, said] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect(said).toBe('');
  return linkReport.parse(JSON.parse(answer));
}

describe.skipIf(program === undefined)('links to an S3 server', () => {
  const odd = 'meetings/a b+c%ü.mp4';
  let server: VersityGw;

  beforeAll(async () => {
    server = await startVersityGw();
    const store = await createStore(storage());
    for (const key of ['a.mp4', 'empty.mp4', 'a b+c%ü.mp4']) {
      await store.put(key, Buffer.from(key === 'empty.mp4' ? '' : 'the whole file'), 'video/mp4');
    }
    await store.close();
  });
  afterAll(() => server?.stop());

  const storage = (s3: object = {}, values?: Record<string, string>): RunStorage => ({
    name: 'bucket',
    spec: {
      provider: 'S3',
      prefix: 'meetings',
      s3: { bucket: server.bucket, region: server.region, endpoint: server.endpoint, ...s3 },
    },
    credentials: {
      type: 'Inline',
      values: values ?? { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey },
    },
  });

  it('open without credentials, whatever the file is called, and hold no secret key', async () => {
    const { links, error } = await createLinks(ask(storage(), ['meetings/a.mp4', odd, 'meetings/empty.mp4']));
    expect(error).toBeUndefined();
    expect(links.map(({ key, type }) => [key, type])).toEqual([
      ['meetings/a.mp4', 'Signed'],
      [odd, 'Signed'],
      ['meetings/empty.mp4', 'Signed'],
    ]);
    const bodies = await Promise.all(links.map(async ({ url }) => (await fetch(url)).text()));
    expect(bodies).toEqual(['the whole file', 'the whole file', '']);
    expect(JSON.stringify(links)).not.toContain(server.secretAccessKey);
  });

  it.each(['dist/main.js', 'dist/bundle/recorder.mjs'])('are made by the program %s', async (program) => {
    const report = await askProgram(program, ask(storage(), ['meetings/a.mp4']));
    expect(report).toMatchObject({ links: [{ type: 'Signed' }] });
    expect(await (await fetch(report.links[0]?.url ?? '')).text()).toBe('the whole file');
  });

  it('end when they are said to', async () => {
    const { links } = await createLinks(ask(storage(), ['meetings/a.mp4'], 2));
    const [link] = links;
    if (link?.expires === undefined) throw new Error('there is no link that ends');
    expect((await fetch(link.url)).status).toBe(200);
    await sleep(Date.parse(link.expires) - Date.now() + 1_500);
    expect((await fetch(link.url)).status).toBe(403);
  });

  it.each([
    [
      'a file that is gone',
      {},
      undefined,
      'meetings/gone.mp4',
      'NotFound',
      'There is no s3://recordings/meetings/gone.mp4',
    ],
    [
      'keys that are wrong',
      {},
      { accessKeyId: 'tapedeck-test', secretAccessKey: 'wrong-secret' },
      'meetings/a.mp4',
      'StorageDenied',
      'may not read',
    ],
    [
      'half of the keys',
      {},
      { accessKeyId: 'a' },
      'meetings/a.mp4',
      'InvalidCredentials',
      'lack secretAccessKey',
    ],
    [
      'nobody there',
      { endpoint: 'http://127.0.0.1:1' },
      undefined,
      'meetings/a.mp4',
      'StorageUnreachable',
      'nobody answers',
    ],
  ])('are not made for %s', async (_, s3, values, key, code, words) => {
    const report = await createLinks(ask(storage(s3, values), [key]));
    expect(report).toMatchObject({ links: [], error: { code, message: expect.stringContaining(words) } });
    const said = JSON.stringify(report);
    for (const secret of [server.secretAccessKey, 'wrong-secret', 'X-Amz-'])
      expect(said).not.toContain(secret);
  });

  it('are plain addresses where the bucket is open to all', async () => {
    const proxy = await startFaultProxy(server.endpoint);
    try {
      const signed = { matches: isGet('X-Amz-Signature'), fault: { type: 'Status', status: 403 } } as const;
      const open = { matches: isGet(), fault: { type: 'Status', status: 200, body: 'open' } } as const;
      proxy.inject(signed, open);
      const { links, notes } = await createLinks(
        ask(storage({ endpoint: proxy.endpoint }), ['meetings/a.mp4']),
      );
      expect(links).toEqual([
        { key: 'meetings/a.mp4', type: 'Public', url: `${proxy.endpoint}/${server.bucket}/meetings/a.mp4` },
      ]);
      expect(notes.join()).toContain('public');
    } finally {
      await proxy.close();
    }
  });

  it('say that they end with the session that signed them', async () => {
    const proxy = await startFaultProxy(server.endpoint);
    try {
      proxy.inject({ matches: isGet(), fault: { type: 'Status', status: 206, body: 'x' } });
      const keys = { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 'c' };
      const { notes } = await createLinks(
        ask(storage({ endpoint: proxy.endpoint }, keys), ['meetings/a.mp4']),
      );
      expect(notes).toEqual([
        'Signed with temporary credentials: the link ends with them, if that is sooner.',
      ]);
    } finally {
      await proxy.close();
    }
  });
});

/** A file in a storage of its own, and what its links are made with. */
interface Place {
  readonly storage: RunStorage;
  close(): Promise<void>;
}

const inline = (values: Record<string, string>) => ({ type: 'Inline', values }) as const;
const places: readonly { readonly provider: string; readonly isThere: boolean; open(): Promise<Place> }[] = [
  {
    provider: 'AzureBlob',
    isThere: true,
    async open() {
      const { account, container, endpoint, accountKey, stop } = await startAzurite();
      const spec = { provider: 'AzureBlob', azureBlob: { account, container, endpoint } } as const;
      return { storage: { name: 'place', spec, credentials: inline({ accountKey }) }, close: stop };
    },
  },
  {
    provider: 'GCS',
    isThere: (await findFakeGcs()) !== undefined,
    async open() {
      const server = await startGcs();
      const { bucket, endpoint } = server;
      const serviceAccount = server.identities.addAccount('user');
      const spec = { provider: 'GCS', gcs: { bucket, endpoint } } as const;
      return {
        storage: { name: 'place', spec, credentials: inline({ serviceAccount }) },
        close: () => server.close(),
      };
    },
  },
];

for (const { provider, isThere, open } of places) {
  describe.skipIf(!isThere)(`links to ${provider}`, () => {
    let place: Place;
    beforeAll(async () => {
      place = await open();
      const store = await createStore(place.storage);
      await store.put('a b.mp4', Buffer.from('the whole file'), 'video/mp4');
      await store.close();
    });
    afterAll(() => place?.close());

    it('open without credentials until they end', async () => {
      const { links, error } = await createLinks(ask(place.storage, ['a b.mp4'], 3));
      expect(error).toBeUndefined();
      expect(links).toMatchObject([{ key: 'a b.mp4', type: 'Signed' }]);
      const [link] = links;
      if (link?.expires === undefined) throw new Error('there is no link that ends');
      expect(await (await fetch(link.url)).text()).toBe('the whole file');
      await sleep(Date.parse(link.expires) - Date.now() + 1_500);
      expect((await fetch(link.url)).ok).toBe(false);
    });

    it('are made by the bundled program too', async () => {
      const { links } = await askProgram('dist/bundle/recorder.mjs', ask(place.storage, ['a b.mp4']));
      expect(await (await fetch(links[0]?.url ?? '')).text()).toBe('the whole file');
    });

    it('are not made for a file that is gone', async () => {
      const report = await createLinks(ask(place.storage, ['gone.mp4']));
      expect(report).toMatchObject({ links: [], error: { code: 'NotFound' } });
    });
  });
}

describe('links to an SFTP server', () => {
  it('are none: it is said how to fetch the file', async () => {
    const sftp = { host: 'files.example.com', port: 2222, directory: '/rec', trustOnFirstUse: true };
    const report = await createLinks(
      ask(
        {
          name: 'server',
          spec: { provider: 'SFTP', sftp },
          credentials: inline({ username: 'me', password: 'hunter2' }),
        },
        ['a.mp4'],
      ),
    );
    expect(report).toMatchObject({
      links: [],
      error: {
        code: 'NotSupported',
        message:
          'SFTP has no links that open without a login; fetch it with: sftp -P 2222 me@files.example.com:/rec/a.mp4 .',
      },
    });
  });
});

describe('links to a directory', () => {
  it('are the paths of the files', async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'tapedeck-link-'));
    try {
      const storage: RunStorage = {
        name: 'folder',
        spec: { provider: 'Local', local: { directory } },
        credentials: { type: 'None' },
      };
      const file = path.join(directory, 'it is here.mp4');
      await writeFile(file, 'x');
      expect(await createLinks(ask(storage, ['it is here.mp4']))).toMatchObject({
        links: [{ type: 'File', url: file }],
        notes: ['The files are on this machine: they need no link.'],
      });
      expect(await createLinks(ask(storage, ['gone.mp4']))).toMatchObject({ error: { code: 'NotFound' } });
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
});
