import type { RunStorage } from '@tapedeck/core';
import {
  type FaultProxy,
  type FaultRule,
  isPutPart,
  s3Error,
  startFaultProxy,
} from '../../servers/fault-proxy.ts';
import { freePort } from '../../servers/free-port.ts';
import { type OddServer, startSilentServer, startWebSite } from '../../servers/odd-servers.ts';
import { makeSelfSigned } from '../../servers/self-signed.ts';
import { startTlsFront, type TlsFront } from '../../servers/tls-front.ts';
import { trust } from '../../servers/trust.ts';
import { findVersityGw, startVersityGw, type VersityGw } from '../../servers/versitygw.ts';
import { brokenSetups } from './broken-setup.ts';

type S3Block = NonNullable<RunStorage['spec']['s3']>;

/** A real S3 server, ways there that are wrong, and a proxy that answers what no server of ours can be brought to say. */
interface Scene {
  readonly server: VersityGw;
  readonly proxy: FaultProxy;
  readonly silent: OddServer;
  readonly site: OddServer;
  readonly closedPort: number;
  /** In front of the server, each with a certificate that is wrong in another way. */
  readonly unknown: TlsFront;
  readonly expired: TlsFront;
  readonly misnamed: TlsFront;
  /** Somebody whom no policy allows anything. */
  readonly stranger: { readonly accessKeyId: string; readonly secretAccessKey: string };
  readonly forget: () => void;
}

const wrongSecret = 'wJalrXUtnFEMI-wrong-secret';
const customerKey = 'c2hvcnQ=';

function storage({ server }: Scene, s3: Partial<S3Block> = {}, values?: Record<string, string>): RunStorage {
  const { bucket, region, endpoint, accessKeyId, secretAccessKey } = server;
  return {
    name: 'bucket',
    spec: { provider: 'S3', prefix: 'meetings', s3: { bucket, region, endpoint, ...s3 } },
    credentials: { type: 'Inline', values: values ?? { accessKeyId, secretAccessKey } },
  };
}

/** Behind the proxy, which answers this to what matches. */
function answered(scene: Scene, s3: Partial<S3Block>, ...rules: readonly FaultRule[]): RunStorage {
  scene.proxy.inject(...rules);
  return storage(scene, { endpoint: scene.proxy.endpoint, ...s3 });
}

const restore = ({ proxy }: Scene) => proxy.clear();
const isPut = ({ method, path }: { readonly method: string; readonly path: string }) =>
  method === 'PUT' && !path.includes('partNumber=');
const isBegin = ({ method, path }: { readonly method: string; readonly path: string }) =>
  method === 'POST' && /[?&]uploads(=|&|$)/.test(path);
const failing = (status: number, body: string, matches: FaultRule['matches'] = isPut) =>
  ({ fault: { type: 'Status', status, body }, matches }) as const;
const said = (code: string, message: string, more = '') =>
  `<?xml version="1.0" encoding="UTF-8"?><Error><Code>${code}</Code><Message>${message}</Message>${more}</Error>`;

/** The second put of part 1 of one upload, as a service answers that takes no part twice. */
function secondPut(): FaultRule['matches'] {
  const seen = new Set<string>();
  const isPart = isPutPart(1);
  return (request) => {
    if (!isPart(request)) return false;
    const upload = /uploadId=([^&]+)/.exec(request.path)?.[1] ?? '';
    if (seen.has(upload)) return true;
    seen.add(upload);
    return false;
  };
}

export const brokenS3 = brokenSetups<Scene>({
  provider: 'S3',
  isThere: async () => (await findVersityGw()) !== undefined,
  async open() {
    const server = await startVersityGw({ users: true });
    const names = ['127.0.0.1'];
    const expired = makeSelfSigned({
      names,
      validFrom: new Date('2024-01-01T00:00:00Z'),
      validTo: new Date('2025-01-01T00:00:00Z'),
    });
    const misnamed = makeSelfSigned({ names: ['other.example.com'] });
    return {
      server,
      proxy: await startFaultProxy(server.endpoint),
      silent: await startSilentServer(),
      site: await startWebSite(),
      closedPort: await freePort(),
      unknown: await startTlsFront(server.port, makeSelfSigned({ names })),
      expired: await startTlsFront(server.port, expired),
      misnamed: await startTlsFront(server.port, misnamed),
      stranger: await server.createUser(),
      forget: trust([expired.cert, misnamed.cert]),
    };
  },
  async close(scene) {
    scene.forget();
    for (const each of ['unknown', 'expired', 'misnamed', 'proxy', 'silent', 'site'] as const)
      await scene[each].close();
    await scene.server.stop();
  },
  secrets: ({ server, stranger }) => [
    server.secretAccessKey,
    stranger.secretAccessKey,
    wrongSecret,
    customerKey,
    'session-token-of-yesterday',
  ],
  setups: [
    {
      title: 'the host does not exist',
      reason: 'StorageUnreachable',
      step: 'Resolve',
      storage: (scene) => storage(scene, { endpoint: 'https://s3.nowhere.invalid' }),
    },
    {
      title: 'nobody listens on the port',
      reason: 'StorageUnreachable',
      step: 'Connect',
      storage: (scene) => storage(scene, { endpoint: `http://127.0.0.1:${scene.closedPort}` }),
    },
    {
      title: '`https://` where the server speaks HTTP',
      reason: 'StorageTlsFailed',
      step: 'TLS',
      storage: (scene) => storage(scene, { endpoint: `https://127.0.0.1:${scene.server.port}` }),
    },
    {
      title: '`http://` where the server speaks TLS',
      reason: 'StorageTlsFailed',
      step: 'TLS',
      storage: (scene) => storage(scene, { endpoint: `http://127.0.0.1:${scene.unknown.port}` }),
    },
    {
      title: 'a certificate that is signed by itself',
      reason: 'StorageTlsFailed',
      step: 'TLS',
      storage: (scene) => storage(scene, { endpoint: `https://127.0.0.1:${scene.unknown.port}` }),
    },
    {
      title: 'a certificate that has expired',
      reason: 'StorageTlsFailed',
      step: 'TLS',
      storage: (scene) => storage(scene, { endpoint: `https://127.0.0.1:${scene.expired.port}` }),
    },
    {
      title: 'a certificate for another name',
      reason: 'StorageTlsFailed',
      step: 'TLS',
      storage: (scene) => storage(scene, { endpoint: `https://127.0.0.1:${scene.misnamed.port}` }),
    },
    {
      title: 'a TLS port that says nothing',
      reason: 'StorageTimeout',
      step: 'TLS',
      storage: (scene) => storage(scene, { endpoint: `https://127.0.0.1:${scene.silent.port}` }),
    },
    {
      title: 'a server that takes connections and says nothing',
      reason: 'StorageTimeout',
      step: 'Write',
      callMs: 1_000,
      storage: (scene) => storage(scene, { endpoint: `http://127.0.0.1:${scene.silent.port}` }),
    },
    {
      title: 'a web site in place of S3',
      reason: 'StorageUnreachable',
      step: 'Write',
      storage: (scene) => storage(scene, { endpoint: `http://127.0.0.1:${scene.site.port}` }),
    },
    {
      title: 'a connection that breaks in the middle',
      reason: 'StorageUnreachable',
      step: 'Write',
      storage: (scene) => answered(scene, {}, { fault: { type: 'Reset', afterBytes: 0 }, matches: isPut }),
      restore,
    },
    {
      title: 'half of a key',
      reason: 'InvalidCredentials',
      step: 'Authenticate',
      storage: (scene) => storage(scene, {}, { accessKeyId: 'AKIAIOSFODNN7EXAMPLE' }),
    },
    {
      title: 'a customer key that is none',
      reason: 'InvalidCredentials',
      step: 'Authenticate',
      storage: (scene) =>
        storage(
          scene,
          { encryption: { type: 'CustomerKey' } },
          { accessKeyId: 'a', secretAccessKey: wrongSecret, customerKey },
        ),
    },
    {
      title: 'a wrong secret key',
      reason: 'StorageUnauthenticated',
      step: 'Authenticate',
      storage: (scene) =>
        storage(scene, {}, { accessKeyId: scene.server.accessKeyId, secretAccessKey: wrongSecret }),
    },
    {
      title: 'an access key that nobody has',
      reason: 'StorageUnauthenticated',
      step: 'Authenticate',
      storage: (scene) =>
        storage(scene, {}, { accessKeyId: 'AKIAIOSFODNN7EXAMPLE', secretAccessKey: wrongSecret }),
    },
    {
      title: 'a session token that has run out',
      reason: 'StorageUnauthenticated',
      step: 'Authenticate',
      storage: (scene) => {
        scene.proxy.inject(failing(400, said('ExpiredToken', 'The provided token has expired.')));
        const keys = { accessKeyId: 'ASIAIOSFODNN7EXAMPLE', secretAccessKey: wrongSecret };
        return storage(
          scene,
          { endpoint: scene.proxy.endpoint },
          { ...keys, sessionToken: 'session-token-of-yesterday' },
        );
      },
      restore,
    },
    {
      title: 'a clock that is 20 minutes ahead',
      reason: 'ClockSkewed',
      step: 'ClockSkew',
      clockMinutes: 20,
      storage: (scene) => storage(scene),
    },
    {
      title: 'a clock that is 20 minutes behind',
      reason: 'ClockSkewed',
      step: 'ClockSkew',
      clockMinutes: -20,
      storage: (scene) => storage(scene),
    },
    {
      title: 'a bucket that does not exist',
      reason: 'BucketNotFound',
      step: 'Bucket',
      storage: (scene) => storage(scene, { bucket: 'missing' }),
    },
    {
      title: 'a region that the server is not in',
      reason: 'WrongRegion',
      step: 'Region',
      storage: (scene) => storage(scene, { region: 'eu-west-1' }),
    },
    {
      title: 'a bucket of another region',
      reason: 'WrongRegion',
      step: 'Region',
      storage: (scene) =>
        answered(
          scene,
          {},
          failing(
            400,
            said(
              'AuthorizationHeaderMalformed',
              "The authorization header is malformed; the region 'us-east-1' is wrong",
              '<Region>eu-central-1</Region>',
            ),
          ),
        ),
      restore,
    },
    {
      title: 'keys without any right',
      reason: 'StorageDenied',
      step: 'Write',
      storage: (scene) => storage(scene, {}, { ...scene.stranger }),
    },
    {
      title: 'a right to put, and none to upload in parts',
      reason: 'StorageDenied',
      step: 'Multipart',
      storage: (scene) => answered(scene, {}, failing(403, said('AccessDenied', 'Access Denied'), isBegin)),
      restore,
    },
    {
      title: 'a key of KMS that may not be used',
      reason: 'EncryptionKeyDenied',
      step: 'KMS',
      storage: (scene) =>
        answered(
          scene,
          { encryption: { type: 'KMS', keyId: 'alias/recordings' } },
          failing(
            403,
            said(
              'AccessDenied',
              'User: arn:aws:iam::123456789012:user/recorder is not authorized to perform: kms:GenerateDataKey on this resource',
            ),
          ),
        ),
      restore,
    },
    {
      title: 'a key of KMS that is disabled',
      reason: 'EncryptionKeyDenied',
      step: 'KMS',
      storage: (scene) =>
        answered(
          scene,
          { encryption: { type: 'KMS' } },
          failing(400, said('KMS.DisabledException', 'The key is disabled.')),
        ),
      restore,
    },
    {
      title: 'a quota that is used up',
      reason: 'StorageFull',
      step: 'Write',
      storage: (scene) => answered(scene, {}, failing(403, said('QuotaExceeded', 'The quota is exceeded.'))),
      restore,
    },
    {
      title: 'a service that is not well (503)',
      reason: 'StorageUnavailable',
      step: 'Write',
      storage: (scene) => answered(scene, {}, failing(503, s3Error('ServiceUnavailable'))),
      restore,
    },
    {
      title: 'a service that throttles',
      reason: 'StorageThrottled',
      step: 'Write',
      storage: (scene) =>
        answered(scene, {}, failing(503, said('SlowDown', 'Please reduce your request rate.'))),
      restore,
    },
    {
      title: 'a service that takes no part twice: the index then stands at the end of the file',
      reason: 'Ready',
      step: 'RewriteFirstPart',
      storage: (scene) =>
        answered(scene, {}, failing(501, said('NotImplemented', 'A part is taken once.'), secondPut())),
      restore,
    },
  ],
});
