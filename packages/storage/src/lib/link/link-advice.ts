import { TapedeckError } from '@tapedeck/core';
import type { Driver } from '../driver.ts';

/** Where there are no links: how to come by the file all the same. */
export function noLinksError(
  { provider, url }: Pick<Driver, 'provider' | 'url'>,
  key: string,
): TapedeckError {
  const target = url(key);
  return new TapedeckError(
    'NotSupported',
    `${provider} has no links that open without a login; ${fetching(target)}`,
  );
}

function fetching(target: string): string {
  const parsed = URL.canParse(target) ? new URL(target) : undefined;
  if (parsed?.protocol !== 'sftp:') return `${target} has to be fetched with an account that may read it.`;
  const port = parsed.port === '' ? '' : `-P ${parsed.port} `;
  // `/~/` is where the login lands, which sftp takes a relative path for.
  const path = decodeURIComponent(parsed.pathname).replace(/^\/~\//, '');
  const source = `${parsed.hostname}:${path}`;
  return `fetch it with: sftp ${port}${/^[\w@%+=:,./-]+$/.test(source) ? source : `'${source.replaceAll("'", "'\\''")}'`} .`;
}
