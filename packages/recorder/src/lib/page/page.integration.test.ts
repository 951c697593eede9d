import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { createRunLog } from '../run-log.ts';
import { openPage, type Page } from './page.ts';
import type { PageMessage } from './page-message.ts';
import { findPagePrograms } from './page-program.ts';
import type { PageSpec } from './page-tab.ts';

const there = await findPagePrograms().then(
  () => true,
  (error: unknown) => {
    if (process.env.CI) throw error;
    process.stderr.write(`Skipping tests that open pages: ${String(error)}\n`);
    return false;
  },
);

/** Paths of the page server, each with what it answers. */
const routes: Readonly<Record<string, (asked: IncomingMessage, answer: ServerResponse) => void>> = {
  '/slow': () => undefined,
  '/away': (_, answer) => answer.writeHead(302, { location: 'http://127.0.0.1:4444/' }).end(),
  '/metadata': (_, answer) => answer.writeHead(302, { location: 'http://169.254.169.254/latest/' }).end(),
  '/download': (_, answer) =>
    answer
      .writeHead(200, { 'content-type': 'application/octet-stream', 'content-disposition': 'attachment' })
      .end('x'),
  '/denied': (_, answer) => answer.writeHead(401).end(),
  '/hang': (_, answer) =>
    answer
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<script>fetch("/recorded").then(() => { for (;;); })</script>'),
  '/recorded': (_, answer) => void recorded.promise.then(() => answer.end()),
  '/leaves': (_, answer) =>
    answer
      .writeHead(200, { 'content-type': 'text/html' })
      .end('<script>fetch("/recorded").then(() => { location = "http://169.254.169.254/" })</script>'),
  '/quiet': (_, answer) => answer.writeHead(200, { 'content-type': 'text/html' }).end('<p>Nothing</p>'),
  '/parts': (_, answer) => answer.writeHead(200, { 'content-type': 'text/html' }).end(parts),
};

/** A page that tries every way to where it may not go, and tells how each ended. */
const parts = `<!doctype html><script>
const tries = {
  fetch: () => fetch('http://127.0.0.1:4444/', { mode: 'no-cors' }).then((answer) => 'opaque ' + answer.type),
  image: () => new Promise((done) => { const i = new Image(); i.onload = () => done('loaded'); i.onerror = () => done('error'); i.src = 'http://169.254.169.254/x.png'; }),
  socket: () => new Promise((done) => { const s = new WebSocket('ws://127.0.0.1:4444/'); s.onopen = () => done('open'); s.onerror = () => done('error'); }),
  webrtc: async () => {
    const found = [];
    const peer = new RTCPeerConnection({ iceServers: [{ urls: 'stun:127.0.0.1:9' }] });
    peer.onicecandidate = ({ candidate }) => candidate?.candidate && found.push(candidate.candidate);
    peer.createDataChannel('x');
    await peer.setLocalDescription(await peer.createOffer());
    await new Promise((done) => setTimeout(done, 1000));
    return found.filter((line) => / udp /i.test(line)).length;
  },
  place: () => new Promise((done) => navigator.geolocation.getCurrentPosition(() => done('told'), () => done('denied'))),
  print: async () => { print(); return 'over'; },
  devices: () => navigator.mediaDevices.getUserMedia({ audio: true, video: true }).then((stream) => stream.getTracks().length),
};
Promise.all(Object.entries(tries).map(async ([name, run]) => [name, await run().catch((error) => String(error))]))
  .then((all) => tapedeck.metadata(Object.fromEntries(all)));
</script>`;

let server: Server;
let origin: string;
let page: Page | undefined;
let log: string;
let messages: PageMessage[];
/** Resolves once a page is told that it is recorded. */
let recorded: PromiseWithResolvers<void>;
const none = { type: 'None' } as const;

beforeEach(async () => {
  log = '';
  messages = [];
  recorded = Promise.withResolvers();
  server = createServer((asked, answer) => {
    const route = routes[asked.url ?? ''];
    if (route === undefined) answer.writeHead(404).end();
    else route(asked, answer);
  });
  origin = `http://127.0.0.1:${await listen(server)}`;
});

afterEach(async () => {
  await page?.close();
  page = undefined;
  server.closeAllConnections();
  server.close();
});

async function listen(listening: Server): Promise<number> {
  await new Promise<void>((done) => listening.listen(0, '127.0.0.1', done));
  return z.object({ port: z.number() }).parse(listening.address()).port;
}

interface Opening {
  readonly visit?: string;
  readonly signal?: AbortSignal;
  readonly cookies?: Readonly<Record<string, string>>;
}

async function open(url: string, more: Partial<PageSpec> = {}, opening: Opening = {}): Promise<Page> {
  const { visit = new URL(url).host, signal = new AbortController().signal, cookies = {} } = opening;
  page = await openPage({
    spec: {
      ...{ type: 'Page', url, readyTimeoutSeconds: 30, startWhen: 'Loaded' },
      ...{ headers: none, cookies: none, localStorage: none },
      ...more,
    },
    video: { width: 320, height: 180 },
    values: { headers: {}, cookies, localStorage: {} },
    log: createRunLog('test', (line) => {
      log += line;
    }),
    onMessage: (message) => messages.push(message),
    signal,
    settings: { visit, directMedia: false },
  });
  return page;
}

describe.skipIf(!there)('a page', () => {
  it.each([
    ['/nowhere', 'SourceNotFound', 'answers 404'],
    ['/denied', 'SourceDenied', 'answers 401'],
    ['/download', 'SourceNotMedia', 'record it as a Stream'],
    ['/away', 'PageRefused', 'leads to 127.0.0.1'],
    ['/metadata', 'PageRefused', 'leads to 169.254.169.254'],
  ])('%s is %s', async (path, code, message) => {
    await expect(open(origin + path)).rejects.toMatchObject({
      code,
      message: expect.stringContaining(message),
    });
  });

  it('is refused where it is of this machine and nobody has allowed it', async () => {
    await expect(open(`${origin}/nowhere`, {}, { visit: '' })).rejects.toMatchObject({ code: 'PageRefused' });
    expect(log).toContain('VisitRefused');
  });

  it('has its time to load', async () => {
    const opened = open(`${origin}/slow`, { readyTimeoutSeconds: 3 });
    await expect(opened).rejects.toMatchObject({
      code: 'PageTimedOut',
      message: expect.stringContaining('did not load within 3 s'),
    });
  });

  it('is refused with a clear word when the browser does not take one of its cookies', async () => {
    const opened = open(`${origin}/quiet`, {}, { cookies: { '__Host-sid': 'secret' } });
    await expect(opened).rejects.toMatchObject({
      code: 'InvalidSource',
      message: expect.stringMatching(/does not take the cookie "__Host-sid" for (?!.*secret)/),
    });
  });

  it.each([50, 1_000])('is called off at once, whatever is awaited after %i ms', async (afterMs) => {
    const control = new AbortController();
    const opened = open(`${origin}/slow`, { readyTimeoutSeconds: 3_600 }, { signal: control.signal });
    const refused = expect(opened).rejects.toMatchObject({ code: 'Aborted' });
    await new Promise((done) => setTimeout(done, afterMs));
    control.abort();
    await refused;
  });

  it('has its time to say that it is ready', async () => {
    const opened = open(`${origin}/quiet`, { readyTimeoutSeconds: 12, startWhen: 'Ready' });
    await expect(opened).rejects.toMatchObject({
      code: 'PageTimedOut',
      message: expect.stringContaining('did not call tapedeck.ready()'),
    });
  });

  it('reaches nothing that is refused by any of its parts, asks nobody, and has a camera and a microphone', async () => {
    await open(`${origin}/parts`);
    for (let waited = 0; messages.length === 0 && waited < 15_000; waited += 100)
      await new Promise((done) => setTimeout(done, 100));
    expect(messages).toEqual([
      {
        type: 'Metadata',
        value: {
          fetch: 'opaque opaque', // The proxy's own answer, which the page cannot look into.
          image: 'error',
          socket: 'error',
          webrtc: 0,
          place: 'denied',
          print: 'over',
          devices: 2,
        },
      },
    ]);
    for (const host of ['127.0.0.1', '169.254.169.254'])
      expect(log).toContain(`"VisitRefused","host":"${host}"`);
  });

  it('is lost when it goes on to where it may not', async () => {
    const { failed } = await open(`${origin}/leaves`);
    recorded.resolve();
    await new Promise((done) => failed.addEventListener('abort', done));
    expect(failed.reason).toMatchObject({
      code: 'SourceLost',
      message: expect.stringContaining('has gone on to http://169.254.169.254/'),
    });
  });

  it('is given up when it hangs', async () => {
    const { failed } = await open(`${origin}/hang`);
    recorded.resolve();
    await new Promise((done) => failed.addEventListener('abort', done));
    expect(failed.reason).toMatchObject({ code: 'PageHung' });
  });
});
