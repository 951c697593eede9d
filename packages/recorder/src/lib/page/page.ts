import { TapedeckError, type VideoSpec } from '@tapedeck/core';
import type { ScreenSource } from '@tapedeck/encoder';
import type { RunLog } from '../run-log.ts';
import { type Browser, startBrowser } from './browser.ts';
import { makePageDirectory } from './page-directory.ts';
import { startDisplay } from './page-display.ts';
import type { PageMessage } from './page-message.ts';
import { pageName } from './page-name.ts';
import { findPagePrograms } from './page-program.ts';
import { type PageSettings, readPageSettings } from './page-settings.ts';
import { startSound } from './page-sound.ts';
import { createPageSteps, type PageSteps } from './page-steps.ts';
import { openPageTab, type PageSpec, type PageTab, type PageValues } from './page-tab.ts';
import { choosePageUser } from './page-user.ts';
import { type Refusal, startVisitProxy } from './visit-proxy.ts';
import { createVisitRules } from './visit-rules.ts';

/** A page that is being shown, with a browser, a display and a sound server of its own. */
export interface Page {
  /** What is to be captured. */
  readonly screen: ScreenSource;
  /** Aborted, with the error as its reason, once the page cannot be recorded any more. */
  readonly failed: AbortSignal;
  readonly error: TapedeckError | undefined;
  /** Ends and removes everything of it, and logs what it could not. Never rejects. */
  close(): Promise<void>;
}

export interface PageOptions {
  readonly spec: PageSpec;
  readonly video: VideoSpec;
  readonly values: PageValues;
  readonly log: RunLog;
  readonly onMessage: (message: PageMessage) => void;
  /** Aborted: it is not waited for any more. */
  readonly signal: AbortSignal;
  readonly settings?: PageSettings;
}

/** Of a recording that does not say; as the test card. */
const defaultSize = { width: 1280, height: 720 };

/** Between two questions whether the page still draws, and how long an answer may take. */
const beatEveryMs = 2_000;
const beatTimeoutMs = 10_000;

/** Refusals beyond these are not logged: a page can ask for thousands. */
const loggedRefusals = 20;

/** Shows the page; resolves once it may be recorded. Whatever it started is gone when it rejects. */
export async function openPage(options: PageOptions): Promise<Page> {
  const steps = createPageSteps(pageName(options.spec.url), options);
  try {
    return await open(options, steps);
  } catch (error) {
    await steps.close();
    throw error;
  } finally {
    steps.keep();
  }
}

async function open(options: PageOptions, steps: PageSteps): Promise<Page> {
  const { spec, video, values, log, signal } = options;
  const { visit, directMedia } = options.settings ?? readPageSettings();
  const name = pageName(spec.url);
  const rules = createVisitRules(visit);
  const programs = await steps.take(() => findPagePrograms());
  const user = await steps.take(choosePageUser);
  const size = {
    width: even(video.width ?? defaultSize.width),
    height: even(video.height ?? defaultSize.height),
  };
  const directory = await steps.take(
    () => makePageDirectory(user),
    ({ remove }) => remove(),
  );
  const display = await steps.take(
    () => startDisplay(programs.xvfb, size, { user, directory }),
    ({ child }) => child.end(),
  );
  const sound = await steps.take(
    () => startSound(programs.pulseaudio, { user, directory }),
    ({ child }) => child.end(),
  );
  let refused: Refusal | undefined;
  let refusals = 0;
  const proxy = await steps.take(
    () =>
      startVisitProxy({
        rules,
        onRefused(refusal) {
          refused = refusal;
          refusals += 1;
          if (refusals <= loggedRefusals) log.warn('VisitRefused', { ...refusal });
        },
      }),
    ({ close }) => close(),
  );
  const browser = await steps.take(
    () =>
      startBrowser({
        program: programs.chromium,
        ...{ user, directory, display, sound, directMedia, signal, ...size },
        proxy: proxy.url,
        language: spec.language ?? 'en-US',
        timeZone: spec.timeZone ?? 'UTC',
      }),
    async ({ devtools, child }) => {
      devtools.close();
      await child.end();
    },
  );
  if (!user.sandbox)
    log.warn('NoBrowserSandbox', {
      message:
        'The kernel or its settings allow no user namespaces here, so Chromium runs without its own sandbox.',
    });
  const failure = new AbortController();
  let why: TapedeckError | undefined;
  let closing = false;
  const fail = (error: TapedeckError) => {
    if (closing || failure.signal.aborted) return;
    why = error;
    failure.abort(error);
  };
  const tab = await steps.take(() =>
    openPageTab({
      ...{ devtools: browser.devtools, spec, values, name },
      onMessage: options.onMessage,
      onFailure: fail,
      refused: () => refused,
    }),
  );
  const broken = brokenSignal(failure.signal);
  steps.add(async () => broken.forget());
  watchPrograms(
    [
      ['The browser', browser.child],
      ['Its display', display.child],
      ['Its sound server', sound.child],
    ],
    fail,
  );
  await steps.take(() => Promise.race([tab.load(), broken.rejected]));
  log.info('PageShown', { page: name, ...size, user: user.identity?.uid, sandbox: user.sandbox });
  steps.add(watchBeats(tab, name, fail));
  steps.add(async () => {
    closing = true;
  });
  return {
    screen: {
      ...{ type: 'Screen', name, display: display.name, ...size },
      ...{ soundServer: sound.server, soundSource: `${sound.sink}.monitor`, authority: directory.authority },
    },
    failed: failure.signal,
    get error() {
      return why;
    },
    close: steps.close,
  };
}

function brokenSignal(signal: AbortSignal): { readonly rejected: Promise<never>; forget(): void } {
  let onAbort: () => void = () => undefined;
  const rejected = new Promise<never>((_, reject) => {
    onAbort = () => reject(TapedeckError.from(signal.reason));
    signal.addEventListener('abort', onAbort, { once: true });
  });
  rejected.catch(() => undefined); // Of interest only until the page is there.
  return { rejected, forget: () => signal.removeEventListener('abort', onAbort) };
}

function watchPrograms(
  programs: readonly (readonly [string, Browser['child']])[],
  fail: (error: TapedeckError) => void,
): void {
  for (const [what, child] of programs)
    void child.ended.then((how) => fail(new TapedeckError('BrowserFailed', `${what} has ended (${how}).`)));
}

/** Asks the page again and again to draw a frame: one that hangs is still there for everybody else. */
function watchBeats(tab: PageTab, name: string, fail: (error: TapedeckError) => void): () => Promise<void> {
  let over = false;
  let timer: NodeJS.Timeout | undefined;
  const ask = async () => {
    const alive = await tab.beats(beatTimeoutMs);
    if (over) return;
    if (alive) schedule();
    else fail(new TapedeckError('PageHung', `${name} has drawn nothing for ${beatTimeoutMs / 1000} s.`));
  };
  const schedule = () => {
    timer = setTimeout(() => void ask(), beatEveryMs);
  };
  schedule();
  return async () => {
    over = true;
    clearTimeout(timer);
  };
}

/** H264 wants it, and so the display is it too. */
function even(pixels: number): number {
  return Math.max(16, Math.floor(pixels / 2) * 2);
}
