import { GoogleAuth, JWT } from 'google-auth-library';
import { abortedError } from '../../call.ts';
import type { GcsIdentity } from './gcs-config.ts';
import type { ServiceAccount } from './gcs-service-account.ts';

/** Objects: create, read, list, delete. The account's own rights narrow it further. */
const OBJECTS_SCOPE = 'https://www.googleapis.com/auth/devstorage.read_write';
/** Without a key of its own, the signature of a link comes from the IAM service, which asks for this one. */
const PLATFORM_SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
/** No call needs a project; without one the library asks other services for its name, which takes rights there. */
const NO_PROJECT = 'not-needed';
/** The library knows one token endpoint only. */
const LIBRARY_TOKEN_URL = 'https://oauth2.googleapis.com/token';

export interface GcsAuth {
  /** For the SDK. */
  readonly google: GoogleAuth;
  /** What a request carries: an access token, renewed as needed, or nothing where nobody offers an identity. */
  headers(url: string, signal: AbortSignal | undefined): Promise<Record<string, string>>;
}

export function createGcsAuth(identity: Exclude<GcsIdentity, { type: 'Hmac' }>): GcsAuth {
  const google =
    identity.type === 'ServiceAccount'
      ? accountAuth(identity.account)
      : new GoogleAuth({ scopes: [PLATFORM_SCOPE], projectId: NO_PROJECT });
  return {
    google,
    headers: (url, signal) => unlessAborted(readHeaders(google, url), signal),
  };
}

function accountAuth(account: ServiceAccount): GoogleAuth {
  const authClient = accountClient(account);
  const google = new GoogleAuth({ authClient, projectId: account.projectId ?? NO_PROJECT });
  // Who signs a link is looked up here and not in the client. As an option it would be warned about on the console.
  google.jsonContent = { client_email: account.email };
  return google;
}

function accountClient({ email, privateKey, privateKeyId, tokenUrl, universe }: ServiceAccount): JWT {
  const client = new JWT({
    email,
    key: privateKey,
    ...(privateKeyId && { keyId: privateKeyId }),
    scopes: [OBJECTS_SCOPE],
    universeDomain: universe,
    additionalClaims: { aud: tokenUrl },
  });
  client.transporter.interceptors.request.add({
    resolved: (config) => {
      if (config.url.href === LIBRARY_TOKEN_URL) config.url = new URL(tokenUrl);
      // Retrying is the store's, which knows how long somebody wants to wait.
      config.retry = false;
      delete config.retryConfig;
      return Promise.resolve(config);
    },
  });
  return client;
}

async function readHeaders(google: GoogleAuth, url: string): Promise<Record<string, string>> {
  try {
    const client = await google.getClient();
    return Object.fromEntries(await client.getRequestHeaders(url));
  } catch (error) {
    // Nobody offers anything: a bucket may be open to all. One that offers something broken is to be heard of.
    if (error instanceof Error && error.message.startsWith('Could not load the default credentials'))
      return {};
    throw error;
  }
}

/** For what takes no signal itself: it is left behind when the signal fires. */
export async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(abortedError(signal.reason));
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
