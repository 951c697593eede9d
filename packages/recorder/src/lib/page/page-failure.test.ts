import { expect, it } from 'vitest';
import { pageFailure } from './page-failure.ts';
import { pageName } from './page-name.ts';

const name = 'https://h/room';

it.each([
  [{}, undefined],
  [{ status: 200 }, undefined],
  [{ status: 304 }, undefined],
  // What a page's parts were refused is no failure of the page.
  [{ status: 200, refusedHost: '10.0.0.1' }, undefined],
  [{ status: 401 }, 'SourceDenied'],
  [{ status: 403 }, 'SourceDenied'],
  [{ status: 404 }, 'SourceNotFound'],
  [{ status: 503 }, 'SourceUnreachable'],
  [{ status: 403, refusedHost: '10.0.0.1' }, 'PageRefused'],
  [{ errorText: 'net::ERR_TUNNEL_CONNECTION_FAILED', refusedHost: '10.0.0.1' }, 'PageRefused'],
  [{ errorText: 'net::ERR_TUNNEL_CONNECTION_FAILED' }, 'SourceUnreachable'],
  [{ errorText: 'net::ERR_EMPTY_RESPONSE' }, 'SourceUnreachable'],
  [{ errorText: 'net::ERR_HTTP_RESPONSE_CODE_FAILURE', status: 404 }, 'SourceNotFound'],
  [{ errorText: 'net::ERR_CERT_AUTHORITY_INVALID' }, 'PageCertificateInvalid'],
  [{ errorText: 'net::ERR_SSL_PROTOCOL_ERROR' }, 'PageCertificateInvalid'],
  [{ errorText: 'net::ERR_ABORTED', isDownload: true }, 'SourceNotMedia'],
  [{ errorText: 'net::ERR_ABORTED' }, 'SourceNotMedia'],
])('%j is %s', (answer, code) => {
  expect(pageFailure({ name, ...answer })?.code).toBe(code);
});

it('shows no secrets of an address', () => {
  expect(pageName('https://user:pass@h:8443/room?token=abc#frag')).toBe('https://h:8443/room');
});
