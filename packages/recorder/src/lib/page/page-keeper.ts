import type { RunSpec } from '@tapedeck/core';
import type { RunLog } from '../run-log.ts';
import { openPage, type Page } from './page.ts';
import type { PageMessage } from './page-message.ts';
import { readPageValues } from './page-values.ts';

/** The page of a run, kept while captures of it come and go. */
export interface PageKeeper {
  /** The page that is there, or a new one. Rejects with why it cannot be shown. */
  open(signal: AbortSignal, onMessage: (message: PageMessage) => void): Promise<Page>;
  /**
   * It has failed. Says whether it is to be opened anew: a page that fails again within ten minutes would go on like
   * that, and whoever watches its recording with it.
   */
  failed(nowMs: number): boolean;
  /** Resolves once nothing is left of it, or it is logged what is. Never rejects, and may be called again. */
  close(): Promise<void>;
}

const failsAgainMs = 10 * 60_000;

export function createPageKeeper(spec: RunSpec, log: RunLog): PageKeeper {
  let page: Page | undefined;
  let closed = Promise.resolve();
  let lastFailureMs = Number.NEGATIVE_INFINITY;

  async function close(): Promise<void> {
    if (page !== undefined) closed = page.close();
    page = undefined;
    await closed;
  }

  return {
    async open(signal, onMessage) {
      const { source, video } = spec;
      if (source.type !== 'Page') throw new Error('the source is no page');
      if (page !== undefined && !page.failed.aborted) return page;
      await close();
      const values = await readPageValues(source);
      page = await openPage({ spec: source, video, values, log, onMessage, signal });
      return page;
    },
    failed(nowMs) {
      const again = nowMs - lastFailureMs < failsAgainMs;
      lastFailureMs = nowMs;
      return !again;
    },
    close,
  };
}
