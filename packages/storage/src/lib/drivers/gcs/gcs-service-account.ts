import { createPrivateKey } from 'node:crypto';
import { TapedeckError } from '@tapedeck/core';
import { z } from 'zod';

/** What is needed of the key file that Google makes for a service account. */
export interface ServiceAccount {
  readonly email: string;
  /** PEM. */
  readonly privateKey: string;
  readonly privateKeyId: string | undefined;
  readonly projectId: string | undefined;
  /** Where a signed claim is exchanged for an access token. */
  readonly tokenUrl: string;
  /** Another than googleapis.com in Google's sovereign clouds. */
  readonly universe: string;
}

export const DEFAULT_UNIVERSE = 'googleapis.com';

/** Other JSON that Google calls credentials, by its type: easily taken for the right one. */
const otherTypes: Readonly<Record<string, string>> = {
  authorized_user: 'credentials of a person, as gcloud keeps them',
  external_account:
    "a workload identity federation's configuration; mount it and name it in GOOGLE_APPLICATION_CREDENTIALS, without credentials in the storage",
  impersonated_service_account: 'a configuration that impersonates an account',
};

const keyFile = z.object({
  client_email: z.string().min(1),
  private_key: z.string().min(1),
  private_key_id: z.string().optional(),
  project_id: z.string().optional(),
  token_uri: z.string().optional(),
  universe_domain: z.string().min(1).optional(),
});

/** Throws `InvalidCredentials` that names what is wrong; nothing of the text is repeated. */
export function readServiceAccount(text: string): ServiceAccount {
  const json = parseJson(text);
  const type = json.type;
  if (type !== 'service_account') {
    const known = typeof type === 'string' && Object.hasOwn(otherTypes, type) ? otherTypes[type] : undefined;
    throw wrong(`its type is not "service_account"${known === undefined ? '' : `: it is ${known}`}`);
  }
  const parsed = keyFile.safeParse(json);
  if (!parsed.success) {
    const names = [...new Set(parsed.error.issues.map(({ path }) => String(path[0])))];
    throw wrong(`it lacks ${names.join(' and ')}, or has something else there`);
  }
  const { client_email, private_key, private_key_id, project_id, token_uri, universe_domain } = parsed.data;
  const universe = universe_domain ?? DEFAULT_UNIVERSE;
  return {
    email: client_email,
    privateKey: checkPrivateKey(private_key),
    privateKeyId: private_key_id,
    projectId: project_id,
    tokenUrl: checkTokenUrl(token_uri ?? `https://oauth2.${universe}/token`),
    universe,
  };
}

function parseJson(text: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return { ...parsed };
  } catch {
    // The parser's words quote the text.
  }
  throw wrong('it is not a JSON object');
}

function checkPrivateKey(pem: string): string {
  try {
    if (createPrivateKey(pem).asymmetricKeyType === 'rsa') return pem;
  } catch {
    // OpenSSL's words tell a person nothing.
  }
  throw wrong('its private_key is not an RSA key in PEM, or has lost its line breaks (\\n)');
}

/** A claim that buys a token goes there, so only over TLS or to this machine. */
function checkTokenUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isLoopback = url?.protocol === 'http:' && ['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname);
  if (url !== undefined && (url.protocol === 'https:' || isLoopback)) return url.href;
  throw wrong('its token_uri is not an https URL');
}

function wrong(what: string): TapedeckError {
  return new TapedeckError(
    'InvalidCredentials',
    `serviceAccount is not the key of a service account: ${what}. Give the whole JSON file that Google made for the key.`,
  );
}
