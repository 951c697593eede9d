import type { RunSpec } from '@tapedeck/core';
import { TapedeckError } from '@tapedeck/core';
import { z } from 'zod';
import { type Devtools, isRefusal } from './devtools.ts';
import { createPageEvents } from './page-events.ts';
import { pageFailure } from './page-failure.ts';
import type { PageMessage } from './page-message.ts';
import { bindingName, pageScript } from './page-script.ts';
import { findPageWindow } from './page-window.ts';
import type { Refusal } from './visit-proxy.ts';

export type PageSpec = Extract<RunSpec['source'], { type: 'Page' }>;

/** Names and values that come from Secrets. */
export interface PageValues {
  readonly headers: Readonly<Record<string, string>>;
  readonly cookies: Readonly<Record<string, string>>;
  readonly localStorage: Readonly<Record<string, string>>;
}

export interface PageTabOptions {
  readonly devtools: Devtools;
  readonly spec: PageSpec;
  readonly values: PageValues;
  readonly name: string;
  readonly onMessage: (message: PageMessage) => void;
  /** Called once: the page is no more. */
  readonly onFailure: (error: TapedeckError) => void;
  /** What the proxy has refused last. */
  readonly refused: () => Refusal | undefined;
}

/** The browser's one tab, prepared, with nothing loaded yet. */
export interface PageTab {
  /** Resolves once the page may be recorded; rejects with why it may not. */
  load(): Promise<void>;
  /** Resolves with whether the page has drawn a frame, or at least answers, within the time. */
  beats(timeoutMs: number): Promise<boolean>;
}

const attached = z.object({ sessionId: z.string() });
const cookieSet = z.object({ success: z.boolean().default(true) });
const navigated = z.object({
  errorText: z.string().optional(),
  isDownload: z.boolean().optional(),
  loaderId: z.string().optional(),
});
const tree = z.object({ frameTree: z.object({ frame: z.object({ id: z.string() }) }) });

export async function openPageTab(options: PageTabOptions): Promise<PageTab> {
  const { devtools, spec, values } = options;
  const window = await findPageWindow(devtools);
  const { sessionId: session } = attached.parse(
    await devtools.call('Target.attachToTarget', { targetId: window, flatten: true }),
  );
  const call = (method: string, params?: object, timeoutMs?: number) =>
    devtools.call(method, params, { session, ...(timeoutMs === undefined ? {} : { timeoutMs }) });
  const { frameTree } = tree.parse(await call('Page.getFrameTree'));
  const origin = new URL(spec.url).origin;

  const events = createPageEvents({
    ...{ name: options.name, session, frame: frameTree.frame.id, headers: values.headers },
    // A dialog or a request that is no more needs no answer.
    tell: (method, params) => void call(method, params).catch(() => undefined),
    onMessage: options.onMessage,
    onFailure: options.onFailure,
  });
  devtools.listen((event) => {
    events.take(event);
    if (event.method === 'Target.targetCreated') closeOther(event.params, window, devtools);
  });

  await Promise.all([
    call('Page.enable'),
    call('Runtime.enable'),
    call('Network.enable', { maxTotalBufferSize: 0, maxResourceBufferSize: 0 }),
    call('Inspector.enable'),
    devtools.call('Target.setDiscoverTargets', { discover: true }),
    devtools.call('Browser.setDownloadBehavior', { behavior: 'deny' }),
    call('Runtime.addBinding', { name: bindingName }),
    call('Page.addScriptToEvaluateOnNewDocument', { source: pageScript(origin, values.localStorage) }),
    call('Emulation.setScrollbarsHidden', { hidden: true }),
    // Dates and numbers; what the browser asks servers for is in its preferences.
    call('Emulation.setLocaleOverride', { locale: (spec.language ?? 'en-US').replace('-', '_') }),
    ...(spec.timeZone === undefined
      ? []
      : [call('Emulation.setTimezoneOverride', { timezoneId: spec.timeZone })]),
    ...(Object.keys(values.headers).length === 0
      ? []
      : [call('Fetch.enable', { patterns: [{ urlPattern: `${origin}/*` }] })]),
    ...Object.entries(values.cookies).map(async ([name, value]) => {
      const cookie = { name, value, url: spec.url, path: '/', secure: origin.startsWith('https:') };
      const refused = invalid(
        `The browser does not take the cookie ${JSON.stringify(name)} for ${options.name}.`,
      );
      const { success } = cookieSet.parse(await call('Network.setCookie', cookie).catch(refused));
      if (!success) refused();
    }),
  ]);

  const ready = () => events.isReady || (events.hasLoaded && spec.startWhen === 'Loaded');

  return {
    async load() {
      const timeoutMs = spec.readyTimeoutSeconds * 1000;
      const late = () =>
        new TapedeckError(
          'PageTimedOut',
          spec.startWhen === 'Ready' && events.hasLoaded
            ? `${options.name} is loaded but did not call tapedeck.ready() within ${spec.readyTimeoutSeconds} s.`
            : `${options.name} did not load within ${spec.readyTimeoutSeconds} s.`,
        );
      let timer: NodeJS.Timeout | undefined;
      const until = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(late()), timeoutMs).unref();
      });
      const come = async () => {
        const answer = navigated.parse(await call('Page.navigate', { url: spec.url }, timeoutMs + 5_000));
        const failure = pageFailure({
          name: options.name,
          ...answer,
          status: events.status,
          refusedHost: options.refused()?.host,
        });
        if (failure !== undefined) throw failure;
        events.arrive();
        // It was for the status of the document; with it on, all that comes over WebSockets comes to us as well.
        void call('Network.disable').catch(() => undefined); // A page that is gone says why by itself.
        await events.until(ready);
        // Two frames: what is painted first is on the screen with the second.
        await call('Runtime.evaluate', { expression: twoFrames, awaitPromise: true });
      };
      await Promise.race([come(), until]).finally(() => clearTimeout(timer));
    },
    async beats(timeoutMs) {
      return await call('Runtime.evaluate', { expression: oneFrame, awaitPromise: true }, timeoutMs).then(
        () => true,
        // A page that is on its way to another has no context to answer; that is told apart from silence.
        isRefusal,
      );
    },
  };
}

/** For what the browser refuses; anything else that went wrong stays what it is. */
function invalid(message: string): (error?: unknown) => never {
  return (error) => {
    throw error === undefined || isRefusal(error) ? new TapedeckError('InvalidSource', message) : error;
  };
}

const oneFrame = 'new Promise((done) => requestAnimationFrame(() => done(1)))';
const twoFrames = 'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))';

/** Pop-ups are blocked by a flag; whatever comes up all the same is closed. */
function closeOther(params: unknown, ownTarget: string, devtools: Devtools): void {
  const parsed = z
    .object({ targetInfo: z.object({ targetId: z.string(), type: z.literal('page') }) })
    .safeParse(params);
  const other = parsed.data?.targetInfo.targetId;
  if (other === undefined || other === ownTarget) return;
  devtools.call('Target.closeTarget', { targetId: other }).catch(() => undefined); // It went by itself.
}
