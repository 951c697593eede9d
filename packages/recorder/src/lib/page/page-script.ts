import { longestMetadata } from './page-message.ts';

/** The function that Chromium puts into the page for us; the script takes it away from where the page could see it. */
export const bindingName = '__tapedeckSend';

/**
 * What runs in the page before its own scripts: `window.tapedeck`, in the page itself and not in frames within it, and the
 * items of its localStorage, which are put there once and never over what the page has changed.
 */
export function pageScript(origin: string, items: Readonly<Record<string, string>>): string {
  return `(() => {
    const send = globalThis.${bindingName};
    delete globalThis.${bindingName};
    if (globalThis.top !== globalThis || typeof send !== 'function') return;
    const say = (message) => send(JSON.stringify(message));
    Object.defineProperty(globalThis, 'tapedeck', { value: Object.freeze({
      ready: () => say({ type: 'Ready' }),
      stop: () => say({ type: 'Stop' }),
      metadata: (value) => {
        const text = JSON.stringify(value);
        if (text === undefined || text.length > ${longestMetadata})
          throw new TypeError('tapedeck.metadata takes a value of at most ${longestMetadata} characters of JSON');
        say({ type: 'Metadata', value });
      },
    }) });
    if (globalThis.origin !== ${JSON.stringify(origin)}) return;
    for (const [key, value] of Object.entries(${JSON.stringify(items)}))
      if (localStorage.getItem(key) === null) localStorage.setItem(key, value);
  })()`;
}
