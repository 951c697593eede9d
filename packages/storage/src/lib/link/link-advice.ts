import { TapedeckError } from '@tapedeck/core';
import type { Driver } from '../driver.ts';

/** Where there are no links: how to come by the file all the same. */
export function noLinksError(
  { provider, url, username }: Pick<Driver, 'provider' | 'url' | 'username'>,
  key: string,
): TapedeckError {
  const target = url(key);
  return new TapedeckError(
    'NotSupported',
    `${provider} has no links that open without a login; ${fetching(target, username)}`,
  );
}

function fetching(target: string, username: string | undefined): string {
  const parsed = URL.canParse(target) ? new URL(target) : undefined;
  if (parsed?.protocol !== 'sftp:') return `${target} has to be fetched with an account that may read it.`;
  const port = parsed.port === '' ? '' : `-P ${parsed.port} `;
  // `/~/` is where the login lands, which sftp takes a relative path for.
  const path = decodeURIComponent(parsed.pathname).replace(/^\/~\//, '');
  const login = username === undefined ? '' : `${username}@`;
  const source = `${login}${parsed.hostname}:${path}`;
  return `fetch it with: sftp ${port}${/^[\w@%+=:,./-]+$/.test(source) ? source : `'${source.replaceAll("'", "'\\''")}'`} .`;
}
