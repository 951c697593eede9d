import { expect, it } from 'vitest';
import { createPageEvents } from './page-events.ts';
import type { PageMessage } from './page-message.ts';

function start() {
  const messages: PageMessage[] = [];
  const failures: string[] = [];
  const events = createPageEvents({
    ...{ name: 'https://h/room', session: 's', frame: 'f', headers: {} },
    tell: () => undefined,
    onMessage: (message) => messages.push(message),
    onFailure: ({ code, message }) => failures.push(`${code}: ${message}`),
  });
  const take = (method: string, params: object = {}, session = 's') =>
    events.take({ method, params, session });
  return { events, take, messages, failures };
}

it('does not take the load of the empty page for that of the page', () => {
  const { events, take } = start();
  take('Page.frameNavigated', { frame: { url: 'about:blank' } });
  take('Page.loadEventFired');
  take('Page.frameNavigated', { frame: { url: 'https://h/part', parentId: 'f' } });
  take('Page.loadEventFired');
  expect(events.hasLoaded).toBe(false);
  take('Page.frameNavigated', { frame: { url: 'https://h/room' } });
  take('Page.loadEventFired', {}, 'other');
  expect(events.hasLoaded).toBe(false);
  take('Page.loadEventFired');
  expect(events.hasLoaded).toBe(true);
});

it('knows the status of the page’s own document only', () => {
  const { events, take } = start();
  take('Network.responseReceived', { type: 'Document', frameId: 'part', response: { status: 500 } });
  take('Network.responseReceived', { type: 'Script', frameId: 'f', response: { status: 404 } });
  expect(events.status).toBeUndefined();
  take('Network.responseReceived', { type: 'Document', frameId: 'f', response: { status: 200 } });
  expect(events.status).toBe(200);
});

it('is lost when a document that cannot be had takes its place, and no sooner', () => {
  const { events, take, failures } = start();
  const refused = { url: 'chrome-error://chromewebdata/', unreachableUrl: 'https://h/next?token=secret' };
  take('Page.frameNavigated', { frame: refused });
  events.arrive();
  take('Page.frameNavigated', { frame: { ...refused, parentId: 'f' } });
  take('Page.frameNavigated', { frame: { url: 'https://h/other' } });
  expect(failures).toEqual([]);
  take('Page.frameNavigated', { frame: refused });
  expect(failures).toEqual([
    'SourceLost: https://h/room has gone on to https://h/next, which the browser cannot reach or may not visit.',
  ]);
});
