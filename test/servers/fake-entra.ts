import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/**
 * Microsoft's token service as far as applications ask it: it gives a token to whoever shows the secret, or any
 * federated assertion, and remembers how it was asked. The tokens have no signature; Azurite looks at the rest.
 */
export interface FakeEntra {
  /** For AZURE_AUTHORITY_HOST. */
  readonly authority: string;
  readonly requests: readonly URLSearchParams[];
  close(): Promise<void>;
}

export interface FakeEntraOptions {
  readonly tls: { readonly cert: string | Buffer; readonly key: string | Buffer };
  readonly tenantId: string;
  readonly clientSecret: string;
}

export async function startFakeEntra({ tls, tenantId, clientSecret }: FakeEntraOptions): Promise<FakeEntra> {
  const requests: URLSearchParams[] = [];
  const server = createServer(tls, (incoming, answer) => {
    const reply = (status: number, body: object) =>
      answer.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const issuer = `${authority}/${tenantId}`;
    if (incoming.url?.endsWith('/.well-known/openid-configuration')) {
      incoming.resume();
      if (!incoming.url.startsWith(`/${tenantId}/`)) {
        reply(400, { error: 'invalid_tenant', error_description: 'AADSTS90002: Tenant not found.' });
        return;
      }
      reply(200, {
        issuer: `${issuer}/v2.0`,
        authorization_endpoint: `${issuer}/oauth2/v2.0/authorize`,
        token_endpoint: `${issuer}/oauth2/v2.0/token`,
        jwks_uri: `${issuer}/discovery/v2.0/keys`,
      });
      return;
    }
    text(incoming).then(
      (body) => {
        const asked = new URLSearchParams(body);
        requests.push(asked);
        const isKnown = asked.has('client_assertion') || asked.get('client_secret') === clientSecret;
        if (isKnown) reply(200, { token_type: 'Bearer', expires_in: 3600, access_token: token(tenantId) });
        else
          reply(401, {
            error: 'invalid_client',
            error_description: 'AADSTS7000215: Invalid client secret provided.',
            error_codes: [7000215],
          });
      },
      () => incoming.destroy(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const authority = `https://127.0.0.1:${port}`;
  return {
    authority,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function token(tenantId: string): string {
  const now = Math.floor(Date.now() / 1000);
  const claims = {
    aud: 'https://storage.azure.com',
    iss: `https://sts.windows.net/${tenantId}/`,
    iat: now - 60,
    nbf: now - 60,
    exp: now + 3600,
    oid: '11059fcc-5514-4800-b5f8-49808b9cfab6',
    tid: tenantId,
  };
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  return `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}.bm8tc2lnbmF0dXJl`;
}
