import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { S3Config } from './s3-config.ts';

/** A host that does not even accept a connection in this time is as good as away. */
const CONNECTION_TIMEOUT_MS = 5_000;
/** Parts, the head and what a person looks up meanwhile; more are never open at once. */
const MAX_SOCKETS = 16;

const ignore = () => undefined;
/** The SDK would write to the console about failures that are ours to judge. */
const silent = { trace: ignore, debug: ignore, info: ignore, warn: ignore, error: ignore };

type Credentials = Exclude<S3ClientConfig['credentials'], undefined>;

/** One attempt a call: retries and deadlines are the store's, which knows what a repeated put means. */
export async function createS3Client(config: S3Config): Promise<S3Client> {
  const checksums = config.checksum === 'CRC32' ? 'WHEN_SUPPORTED' : 'WHEN_REQUIRED';
  return new S3Client({
    ...(config.region !== undefined && { region: config.region }),
    ...(config.endpoint !== undefined && { endpoint: config.endpoint }),
    ...(await authentication(config)),
    forcePathStyle: config.forcePathStyle,
    maxAttempts: 1,
    requestChecksumCalculation: checksums,
    responseChecksumValidation: checksums,
    // A round trip a part, for an early refusal that the open upload has already ruled out.
    expectContinueHeader: false,
    logger: silent,
    // A wrong clock is to be reported, not to be worked around for one process's life.
    disableClockSkewCorrection: true,
    requestHandler: new NodeHttpHandler({
      connectionTimeout: CONNECTION_TIMEOUT_MS,
      httpAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
      httpsAgent: { keepAlive: true, maxSockets: MAX_SOCKETS },
    }),
  });
}

/**
 * Keys from the credentials, else whatever the machine or the ServiceAccount offers (environment, profile,
 * web identity, container or instance role); a role to assume comes on top. Where nothing is offered the
 * requests go out unsigned, for buckets whose policy allows that.
 */
async function authentication(config: S3Config): Promise<Pick<S3ClientConfig, 'credentials' | 'signer'>> {
  if (config.keys !== undefined && config.assumeRole === undefined) return { credentials: config.keys };
  // With all that they can ask they are as large as the rest of the client; whoever has keys needs none of it.
  const providers = await import('@aws-sdk/credential-providers');
  const own: Credentials = config.keys ?? providers.fromNodeProviderChain();
  if (config.assumeRole !== undefined) {
    const { arn, externalId } = config.assumeRole;
    const params = {
      RoleArn: arn,
      RoleSessionName: 'tapedeck',
      ...(externalId && { ExternalId: externalId }),
    };
    const clientConfig = config.region === undefined ? {} : { region: config.region };
    return {
      credentials: providers.fromTemporaryCredentials({ masterCredentials: own, params, clientConfig }),
    };
  }
  if (typeof own !== 'function' || (await offersCredentials(own))) return { credentials: own };
  return {
    credentials: { accessKeyId: 'anonymous', secretAccessKey: 'anonymous' },
    signer: { sign: (request) => Promise.resolve(request) },
  };
}

async function offersCredentials(
  provider: Exclude<Credentials, object> | (() => Promise<unknown>),
): Promise<boolean> {
  try {
    await provider();
    return true;
  } catch (error) {
    // "Nothing found" is one kind of error; one that found something broken must be heard when it is used.
    return !(error instanceof Error && error.name === 'CredentialsProviderError');
  }
}
