import {
  createHash,
  createHmac,
  createVerify,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Refusal } from './gcs-double-answer.ts';

/** The roles that tests use, with their permissions (https://cloud.google.com/storage/docs/access-control/iam-roles). */
export const roles = {
  /** roles/storage.objectUser, as far as it matters. */
  user: [
    'storage.objects.create',
    'storage.objects.get',
    'storage.objects.list',
    'storage.objects.delete',
    'storage.multipartUploads.create',
    'storage.multipartUploads.abort',
    'storage.multipartUploads.listParts',
  ],
  /** roles/storage.objectCreator. */
  creator: [
    'storage.objects.create',
    'storage.multipartUploads.create',
    'storage.multipartUploads.abort',
    'storage.multipartUploads.listParts',
  ],
  /** A role of somebody's own: the least that writes in parts. */
  writer: ['storage.objects.create', 'storage.multipartUploads.create'],
  /** Another: whole objects and sessions only. */
  plain: ['storage.objects.create'],
  stranger: [],
} as const satisfies Record<string, readonly string[]>;
export type Role = keyof typeof roles;

export interface Principal {
  readonly name: string;
  readonly permissions: readonly string[];
}

export const anonymous: Principal = { name: 'Anonymous caller', permissions: [] };

/** A claim is good for an hour, and clocks may differ by some minutes. */
const MAX_SKEW_MS = 10 * 60_000;
/** https://cloud.google.com/storage/docs/xml-api/reference-status: RequestTimeTooSkewed beyond 15 minutes. */
const MAX_REQUEST_SKEW_MS = 15 * 60_000;

interface Account {
  readonly principal: Principal;
  readonly publicKey: KeyObject;
}

/** Who may call, and how each proves it: access tokens, HMAC keys and signed links. */
export interface Identities {
  /** The key file of a new service account, as JSON. */
  addAccount(role: Role): string;
  addHmacKey(role: Role): { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** What the token endpoint answers to a claim. Throws a `Refusal` whose code is that of OAuth. */
  exchange(form: URLSearchParams): { readonly access_token: string; readonly expires_in: number };
  /** Whoever sent the request; throws a `Refusal`. `body` is for signatures that cover it. */
  identify(request: IncomingMessage, body: Buffer): Principal;
  /** A token for whoever proved it some other way: a federated identity, a machine of Google's. */
  issue(role: Role): string;
  /** How far the clock of the service is ahead, in milliseconds. */
  skewMs: number;
  /** Access tokens given so far: secrets that must not show up anywhere. */
  readonly tokens: readonly string[];
}

export function createIdentities(tokenUrl: string): Identities {
  const accounts = new Map<string, Account>();
  const hmacKeys = new Map<string, { readonly secret: string; readonly principal: Principal }>();
  const tokens = new Map<string, Principal>();
  const now = () => Date.now() + identities.skewMs;
  const issue = (principal: Principal): string => {
    const token = `ya29.${randomBytes(40).toString('base64url')}`;
    tokens.set(token, principal);
    return token;
  };

  const verifyClaim = (assertion: string): Account => {
    const [header = '', payload = '', signature = ''] = assertion.split('.');
    const claim = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
    const account = accounts.get(String(claim.iss));
    if (account === undefined) throw new Refusal(400, 'invalid_grant', 'Invalid grant: account not found');
    const isSigned = createVerify('RSA-SHA256')
      .update(`${header}.${payload}`)
      .verify(account.publicKey, signature, 'base64url');
    if (!isSigned) throw new Refusal(400, 'invalid_grant', 'Invalid JWT Signature.');
    const lag = Math.abs(now() - Number(claim.iat) * 1000);
    if (lag > MAX_SKEW_MS || Number(claim.exp) - Number(claim.iat) > 3600) {
      throw new Refusal(
        400,
        'invalid_grant',
        'Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.',
      );
    }
    if (claim.aud !== tokenUrl)
      throw new Refusal(400, 'invalid_grant', 'Invalid JWT: Failed audience check.');
    if (!String(claim.scope).includes('devstorage') && !String(claim.scope).includes('cloud-platform')) {
      throw new Refusal(400, 'invalid_scope', 'Invalid OAuth scope or ID token audience provided.');
    }
    return account;
  };

  /** https://cloud.google.com/storage/docs/authentication/signatures, and its AWS spelling. */
  const verifySignature = (request: IncomingMessage, body: Buffer): Principal => {
    const { method = '', url = '', headers } = request;
    const [path = '', rawQuery = ''] = url.split('?');
    const query = [...new URLSearchParams(rawQuery)];
    const inQuery = new Map(query);
    const prefix = inQuery.has('X-Goog-Signature') ? 'X-Goog-' : 'X-Amz-';
    const isLink = inQuery.has(`${prefix}Signature`);
    const authorization = headers.authorization ?? '';
    const field = (name: string): string =>
      isLink
        ? (inQuery.get(`${prefix}${name}`) ?? '')
        : (new RegExp(`${name}=([^, ]+)`).exec(authorization)?.[1] ?? '');
    const [id = '', ...scope] = field('Credential').split('/');
    const date = isLink ? field('Date') : String(headers['x-amz-date'] ?? headers['x-goog-date']);
    const sentMs = Date.parse(date.replace(/^(....)(..)(..T..)(..)(..Z)$/, '$1-$2-$3:$4:$5'));
    if (isLink) {
      if (now() > sentMs + Number(field('Expires')) * 1000) {
        throw new Refusal(400, 'ExpiredToken', 'The provided token has expired.');
      }
    } else if (!(Math.abs(now() - sentMs) < MAX_REQUEST_SKEW_MS)) {
      throw new Refusal(403, 'RequestTimeTooSkewed', 'The difference between the times is too large.');
    }
    const payload = String(
      headers['x-amz-content-sha256'] ?? headers['x-goog-content-sha256'] ?? 'UNSIGNED-PAYLOAD',
    );
    if (payload.startsWith('STREAMING')) throw new Refusal(400, 'InvalidArgument', 'Invalid argument.');
    const signedHeaders = field('SignedHeaders').split(';');
    const canonical = [
      method,
      path,
      query
        .filter(([name]) => name !== `${prefix}Signature`)
        .map(([name, value]) => `${strictEncode(name)}=${strictEncode(value)}`)
        .sort()
        .join('&'),
      // The SDK signs the host without a port; Google's endpoints have none, so nobody there can tell.
      ...signedHeaders.map((name) => `${name}:${headerText(request, name, isLink && prefix === 'X-Goog-')}`),
      '',
      signedHeaders.join(';'),
      payload,
    ].join('\n');
    const algorithm = isLink ? field('Algorithm') : (authorization.split(' ')[0] ?? '');
    const toSign = [algorithm, date, scope.join('/'), sha256(canonical)].join('\n');
    if (/^[0-9a-f]{64}$/.test(payload) && payload !== sha256(body)) {
      throw new Refusal(
        400,
        'XAmzContentSHA256Mismatch',
        'The provided hash does not match what was computed.',
      );
    }
    const wrong = new Refusal(403, 'SignatureDoesNotMatch', 'Access denied: the signature does not match.');
    if (algorithm === 'GOOG4-RSA-SHA256') {
      const account = accounts.get(id);
      const isSigned =
        account !== undefined &&
        createVerify('RSA-SHA256').update(toSign).verify(account.publicKey, field('Signature'), 'hex');
      if (!isSigned) throw wrong;
      return account.principal;
    }
    const key = hmacKeys.get(id);
    if (key === undefined)
      throw new Refusal(403, 'InvalidSecurity', 'The provided security credentials are not valid.');
    const start = algorithm.startsWith('GOOG4') ? 'GOOG4' : 'AWS4';
    const signing = scope.reduce<Buffer>(
      (secret, part) => createHmac('sha256', secret).update(part).digest(),
      Buffer.from(`${start}${key.secret}`),
    );
    if (createHmac('sha256', signing).update(toSign).digest('hex') !== field('Signature')) throw wrong;
    return key.principal;
  };

  const identities: Identities = {
    addAccount(role) {
      const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      const email = `${role}-${accounts.size}@tapedeck-test.iam.gserviceaccount.com`;
      accounts.set(email, { principal: { name: email, permissions: roles[role] }, publicKey });
      return JSON.stringify({
        type: 'service_account',
        project_id: 'tapedeck-test',
        private_key_id: randomBytes(20).toString('hex'),
        private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
        client_email: email,
        token_uri: tokenUrl,
        universe_domain: 'googleapis.com',
      });
    },
    addHmacKey(role) {
      const accessKeyId = `GOOG1E${randomBytes(20).toString('hex').toUpperCase()}`;
      const secretAccessKey = randomBytes(30).toString('base64');
      const principal = { name: `${role} by HMAC`, permissions: roles[role] };
      hmacKeys.set(accessKeyId, { secret: secretAccessKey, principal });
      return { accessKeyId, secretAccessKey };
    },
    exchange(form) {
      if (form.get('grant_type') !== 'urn:ietf:params:oauth:grant-type:jwt-bearer') {
        throw new Refusal(400, 'unsupported_grant_type', 'Invalid grant_type.');
      }
      const { principal } = verifyClaim(form.get('assertion') ?? '');
      return { access_token: issue(principal), expires_in: 3599 };
    },
    issue: (role) => issue({ name: `${role} without a key`, permissions: roles[role] }),
    skewMs: 0,
    identify(request, body) {
      const { authorization } = request.headers;
      if (authorization?.startsWith('Bearer ')) {
        const principal = tokens.get(authorization.slice('Bearer '.length));
        if (principal !== undefined) return principal;
        throw new Refusal(401, 'AuthenticationRequired', 'Invalid Credentials', 'authError');
      }
      if (authorization !== undefined || /[?&]X-(Goog|Amz)-Signature=/.test(request.url ?? '')) {
        return verifySignature(request, body);
      }
      return anonymous;
    },
    get tokens() {
      return [...tokens.keys()];
    },
  };
  return identities;
}

/** Throws what Google says to somebody without that right. */
export function requirePermission(principal: Principal, permission: string): void {
  if (principal.permissions.includes(permission)) return;
  const what = permission.startsWith('storage.objects') ? 'object' : 'bucket';
  const message = `${principal.name} does not have ${permission} access to the Google Cloud Storage ${what}. Permission '${permission}' denied on resource (or it may not exist).`;
  if (principal === anonymous) throw new Refusal(401, 'AuthenticationRequired', message, 'required');
  throw new Refusal(403, 'AccessDenied', message, 'forbidden');
}

function headerText(request: IncomingMessage, name: string, withoutPort: boolean): string {
  const text = String(request.headers[name] ?? '').trim();
  return name === 'host' && withoutPort ? text.replace(/:\d+$/, '') : text;
}

function sha256(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

function strictEncode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
