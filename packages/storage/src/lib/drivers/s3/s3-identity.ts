import type { S3ClientConfig } from '@aws-sdk/client-s3';
import type { fromNodeProviderChain } from '@aws-sdk/credential-providers';
import type { S3Config } from './s3-config.ts';
import { type S3Call, translateS3Error } from './s3-errors.ts';

type Credentials = Exclude<S3ClientConfig['credentials'], undefined>;
type Identity = Awaited<ReturnType<ReturnType<typeof fromNodeProviderChain>>>;
type Provider = ReturnType<typeof fromNodeProviderChain>;

/** What the role's session is called in the account's log. */
const SESSION_NAME = 'tapedeck';

const machine: S3Call = {
  operation: 'Asking for credentials',
  permission: 'sts:AssumeRoleWithWebIdentity',
  target: "the machine's identity",
  hints: {
    StorageDenied:
      "let the role's trust policy name this ServiceAccount or machine, or give the storage a Secret",
    StorageUnauthenticated: 'check the ServiceAccount, its annotation and its token',
    StorageUnreachable: 'check that the token service can be reached',
  },
};

export interface S3Authentication extends Pick<S3ClientConfig, 'credentials' | 'signer'> {
  /** Nobody offered credentials: whoever is refused should hear of that first. */
  readonly isAnonymous: boolean;
}

/**
 * Keys from the credentials, else whatever the machine or the ServiceAccount offers (environment, profile,
 * web identity, container or instance role); a role to assume comes on top. Where nothing is offered the
 * requests go out unsigned, for servers that take that.
 */
export async function authentication(config: S3Config): Promise<S3Authentication> {
  if (config.keys !== undefined && config.assumeRole === undefined)
    return { credentials: config.keys, isAnonymous: false };
  // With all that they can ask they are as large as the rest of the client; whoever has keys needs none of it.
  const providers = await import('@aws-sdk/credential-providers');
  const own: Credentials = config.keys ?? providers.fromNodeProviderChain();
  if (config.assumeRole !== undefined) {
    const { arn, externalId } = config.assumeRole;
    const params = {
      RoleArn: arn,
      RoleSessionName: SESSION_NAME,
      ...(externalId && { ExternalId: externalId }),
    };
    const clientConfig = config.region === undefined ? {} : { region: config.region };
    const masterCredentials = typeof own === 'function' ? inWords(machine, own) : own;
    const role: S3Call = {
      operation: 'AssumeRole',
      permission: 'sts:AssumeRole',
      target: arn,
      hints: {
        StorageDenied:
          "let the role's trust policy name the identity and its external id, and allow that identity sts:AssumeRole",
        StorageUnreachable: 'check that the token service can be reached',
      },
    };
    const assumed = providers.fromTemporaryCredentials({ masterCredentials, params, clientConfig });
    return { credentials: inWords(role, assumed), isAnonymous: false };
  }
  if (typeof own !== 'function') return { credentials: own, isAnonymous: false };
  if (await offersCredentials(own)) return { credentials: inWords(machine, own), isAnonymous: false };
  return {
    credentials: { accessKeyId: 'anonymous', secretAccessKey: 'anonymous' },
    signer: { sign: (request) => Promise.resolve(request) },
    isAnonymous: true,
  };
}

/** Else a refused role would look as if the bucket had refused. */
function inWords(call: S3Call, provider: Provider): Provider {
  return async (options): Promise<Identity> => {
    try {
      return await provider(options);
    } catch (error) {
      throw translateS3Error(call, error);
    }
  };
}

async function offersCredentials(provider: Provider): Promise<boolean> {
  try {
    await provider();
    return true;
  } catch (error) {
    // "Nothing found" is one kind of error; one that found something broken must be heard when it is used.
    return !(error instanceof Error && error.name === 'CredentialsProviderError');
  }
}
