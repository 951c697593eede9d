import { ApiError } from './api-error.ts';
import type { KubeApi } from './kube-api.ts';
import type { ListEnd } from './kubernetes-object.ts';

/** Where a whole list is too much for the server or for the way to it. */
const pageSize = 500;

export interface ListOptions {
  readonly api: KubeApi;
  /** Without a query: `/api/v1/pods`. */
  readonly path: string;
  /** What is asked for: `labelSelector`, `fieldSelector`. */
  readonly params?: Readonly<Record<string, string>>;
  /** Called before the first object, and again where a list that broke off is begun anew: what came until then is no part of it. */
  readonly onBegin: () => void;
  /** Told of every object. */
  readonly onItem: (item: unknown) => void;
  readonly signal: AbortSignal;
}

/**
 * Everything that exists at some moment after the call, and the resource version of that moment. It is asked for at once:
 * the API server then answers from its own memory, which it does not for pages before Kubernetes 1.34. Only where that is too
 * much it is asked for in pages. Rejects with `ApiError`. See docs/decisions/016-whole-lists.md.
 */
export async function listObjects(options: ListOptions): Promise<string> {
  const { api, path, params = {}, onBegin, onItem, signal } = options;
  let answered = false;
  const take = (item: unknown) => {
    answered = true;
    onItem(item);
  };
  const page = (more: Readonly<Record<string, string>>): Promise<ListEnd> => {
    const query = new URLSearchParams({ ...params, ...more });
    return api.list(query.size === 0 ? path : `${path}?${query}`, take, signal);
  };
  const all = async (more: Readonly<Record<string, string>>): Promise<string> => {
    onBegin();
    for (let end = await page(more); ; ) {
      if (end.continue === undefined || end.continue === '') return end.resourceVersion;
      end = await page({ ...more, continue: end.continue });
    }
  };
  try {
    return await all({});
  } catch (error) {
    if (signal.aborted || !isTooMuch(error, answered)) throw error;
    return await all({ limit: String(pageSize) });
  }
}

/**
 * It broke off, was not answered in time, or the server could not: fewer at a time may go. Pages cost a server more in all: one
 * that wants to be left alone (429), or takes no connection, is left alone.
 */
function isTooMuch(error: unknown, answered: boolean): boolean {
  if (!(error instanceof ApiError)) return false;
  if (error.status === 0) return answered || error.reason === 'Timeout';
  return error.status >= 500;
}
