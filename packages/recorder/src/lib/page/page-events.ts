import { TapedeckError } from '@tapedeck/core';
import { z } from 'zod';
import type { DevtoolsEvent } from './devtools.ts';
import { type PageMessage, readConsoleLine, readPageMessage } from './page-message.ts';
import { pageName } from './page-name.ts';
import { bindingName } from './page-script.ts';

/** What is known of the tab's page from what the browser tells. */
export interface PageEvents {
  readonly take: (event: DevtoolsEvent) => void;
  /** Of the page's own document, as far as it came. */
  readonly status: number | undefined;
  readonly hasLoaded: boolean;
  /** It has called tapedeck.ready(). */
  readonly isReady: boolean;
  /** The page's own document has come: should another replace it that cannot be had, the page is lost. */
  arrive(): void;
  /** Resolves once what it asks for holds; asked again with each thing that happens. */
  until(holds: () => boolean): Promise<void>;
}

export interface PageEventsOptions {
  readonly name: string;
  /** Of the tab and of its main frame. */
  readonly session: string;
  readonly frame: string;
  /** Sent without waiting for what comes of it. */
  readonly tell: (method: string, params: object) => void;
  readonly onMessage: (message: PageMessage) => void;
  readonly onFailure: (error: TapedeckError) => void;
  /** Headers of the requests that the browser holds back for them. */
  readonly headers: Readonly<Record<string, string>>;
}

const bindingCalled = z.object({ name: z.literal(bindingName), payload: z.string() });
const consoleCalled = z.object({ args: z.array(z.object({ value: z.unknown().optional() })) });
const dialogOpening = z.object({ type: z.string() });
const requestPaused = z.object({
  requestId: z.string(),
  request: z.object({ headers: z.record(z.string(), z.string()) }),
});
const frameNavigated = z.object({
  frame: z.object({
    parentId: z.string().optional(),
    url: z.string(),
    unreachableUrl: z.string().optional(),
  }),
});

export function createPageEvents(options: PageEventsOptions): PageEvents {
  const { session, tell } = options;
  const responseReceived = z.object({
    type: z.literal('Document'),
    frameId: z.literal(options.frame),
    response: z.object({ status: z.number() }),
  });
  let isThere = false;
  let hasCome = false;
  let hasLoaded = false;
  let isReady = false;
  let status: number | undefined;
  let onProgress: () => void = () => undefined;

  const take = (message: PageMessage | undefined) => {
    if (message === undefined) return;
    if (message.type === 'Ready') {
      isReady = true;
      onProgress();
    }
    options.onMessage(message);
  };

  const handlers: Readonly<Record<string, (params: unknown) => void>> = {
    'Runtime.bindingCalled': (params) => {
      const { data } = bindingCalled.safeParse(params);
      if (data !== undefined) take(readPageMessage(data.payload));
    },
    'Runtime.consoleAPICalled': (params) => {
      const line = consoleCalled.safeParse(params).data?.args[0]?.value;
      if (typeof line === 'string') take(readConsoleLine(line));
    },
    'Page.frameNavigated': (params) => {
      const frame = frameNavigated.safeParse(params).data?.frame;
      if (frame === undefined || frame.parentId !== undefined) return;
      if (frame.url !== emptyPage) hasCome = true;
      if (!isThere || frame.unreachableUrl === undefined) return;
      const where = pageName(frame.unreachableUrl);
      const message = `${options.name} has gone on to ${where}, which the browser cannot reach or may not visit.`;
      options.onFailure(new TapedeckError('SourceLost', message));
    },
    'Page.loadEventFired': () => {
      // The empty page that the browser begins with may be loaded late.
      if (!hasCome) return;
      hasLoaded = true;
      onProgress();
    },
    'Page.javascriptDialogOpening': (params) => {
      const { data } = dialogOpening.safeParse(params);
      // Leaving is allowed, everything else is answered with no.
      tell('Page.handleJavaScriptDialog', { accept: data?.type === 'beforeunload' });
    },
    'Network.responseReceived': (params) => {
      const { data } = responseReceived.safeParse(params);
      if (data !== undefined) status = data.response.status;
    },
    'Fetch.requestPaused': (params) => {
      const { data } = requestPaused.safeParse(params);
      if (data === undefined) return;
      const headers = Object.entries({ ...data.request.headers, ...options.headers });
      tell('Fetch.continueRequest', {
        requestId: data.requestId,
        headers: headers.map(([name, value]) => ({ name, value })),
      });
    },
    'Inspector.targetCrashed': () =>
      options.onFailure(new TapedeckError('PageCrashed', `${options.name} has crashed in the browser.`)),
  };

  return {
    take(event) {
      if (event.session === session) handlers[event.method]?.(event.params);
    },
    get status() {
      return status;
    },
    get hasLoaded() {
      return hasLoaded;
    },
    get isReady() {
      return isReady;
    },
    arrive() {
      isThere = true;
    },
    until: async (holds) =>
      await new Promise<void>((resolve) => {
        onProgress = () => {
          if (holds()) resolve();
        };
        onProgress();
      }),
  };
}

const emptyPage = 'about:blank';
