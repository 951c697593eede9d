import { fileURLToPath } from 'node:url';
import { type LinkReport, type LinkSpec, TapedeckError } from '@tapedeck/core';
import { callOnce, defaultTimeouts } from '../call.ts';
import { readCredentials } from '../credentials.ts';
import type { Driver } from '../driver.ts';
import { createDriver } from '../drivers/drivers.ts';
import { noLinksError } from './link-advice.ts';
import { tryLink } from './link-trial.ts';

type Link = LinkReport['links'][number];

/** Each link is tried; more at once would only wait for each other's answers. */
const AT_ONCE = 8;

/**
 * Makes a download link for each key, with the identity that writes them, and opens it once: a signature is made without
 * asking anybody, so that only this tells whether the link opens anything. Never rejects, but with `Aborted`: whatever is
 * wrong is the report's `error`, and then there are no links. A link is itself a secret: no message and no error holds one.
 */
export async function createLinks(
  spec: LinkSpec,
  options: { signal?: AbortSignal } = {},
): Promise<LinkReport> {
  const about = { version: 1, id: spec.id } as const;
  let driver: Driver | undefined;
  try {
    const credentials = await readCredentials(spec.storage.credentials);
    driver = await createDriver({ spec: spec.storage.spec, credentials });
    const links: Link[] = [];
    const notes = new Set<string>();
    for (let next = 0; next < spec.keys.length; next += AT_ONCE) {
      const keys = spec.keys.slice(next, next + AT_ONCE);
      links.push(...(await Promise.all(keys.map((key) => linkTo(key, spec, driver, notes, options.signal)))));
    }
    return { ...about, links, notes: [...notes] };
  } catch (cause) {
    if (options.signal?.aborted) throw new TapedeckError('Aborted', 'Making links was aborted.');
    const { code, message } = TapedeckError.from(cause);
    return { ...about, links: [], notes: [], error: { code, message } };
  } finally {
    await driver?.close();
  }
}

async function linkTo(
  key: string,
  spec: LinkSpec,
  driver: Driver | undefined,
  notes: Set<string>,
  signal: AbortSignal | undefined,
): Promise<Link> {
  if (driver === undefined) throw new TypeError('there is no driver');
  const url = driver.url(key);
  const within = <T>(what: string, call: (signal: AbortSignal) => Promise<T>) =>
    callOnce(what, defaultTimeouts.callMs, signal, call);
  if (url.startsWith('file:')) {
    await within(`Looking for ${url}`, (at) => driver.head(key, { signal: at }));
    notes.add('The files are on this machine: they need no link.');
    return { key, type: 'File', url: fileURLToPath(url) };
  }
  const { signUrl, capabilities } = driver;
  if (signUrl === undefined || !capabilities.signUrls) throw noLinksError(driver, key);
  const expires = new Date(Date.now() + spec.expiresInSeconds * 1000).toISOString();
  // Without a key of its own the service is asked for one, or for the signature.
  const signed = await within(`Signing a link to ${url}`, () => signUrl(key, spec.expiresInSeconds));
  const { bare, open } = await within(`Trying a link to ${url}`, (at) =>
    tryLink({ signed, target: url, storage: spec.storage.name }, at),
  );
  if (open) {
    notes.add('The bucket is public: the link needs no signature and does not expire.');
    return { key, type: 'Public', url: bare };
  }
  if (/[?&]X-Amz-Security-Token=/i.test(signed)) {
    notes.add('Signed with temporary credentials: the link ends with them, if that is sooner.');
  }
  return { key, type: 'Signed', url: signed, expires };
}
