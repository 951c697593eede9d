import type { TokenCredential } from '@azure/identity';
import {
  AnonymousCredential,
  BlobSASPermissions,
  BlobServiceClient,
  type ContainerClient,
  generateBlobSASQueryParameters,
  newPipeline,
  SASProtocol,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';
import { createConnections } from './azure-agent.ts';
import type { AzureConfig } from './azure-config.ts';
import { tokenCredential } from './azure-identity.ts';

/** Keys for links count from here on, lest a slow clock of the service refuses them. */
const CLOCK_LEEWAY_MS = 5 * 60 * 1000;

export interface AzureClient {
  readonly container: ContainerClient;
  /** A link to a blob; absent where nothing that we have can sign one. */
  readonly sign?: (key: string, expiresInSeconds: number) => Promise<string>;
  readonly viaProxy: boolean;
  /** Idempotent. */
  close(): void;
}

/** One attempt a call: retries and deadlines are the store's, which knows what a repeated put means. */
export async function createAzureClient(config: AzureConfig): Promise<AzureClient> {
  const { identity, endpoint, container } = config;
  const connections = createConnections(endpoint);
  const common = { viaProxy: connections === undefined, close: () => connections?.close() };
  const open = (
    credential: StorageSharedKeyCredential | AnonymousCredential | TokenCredential,
    query = '',
  ): BlobServiceClient => {
    const pipeline = newPipeline(credential, {
      retryOptions: { maxTries: 1 },
      userAgentOptions: { userAgentPrefix: 'tapedeck' },
    });
    if (connections !== undefined) pipeline.factories.push(connections.policy);
    return new BlobServiceClient(`${endpoint}/${query}`, pipeline);
  };
  switch (identity.type) {
    case 'AccountKey': {
      const credential = new StorageSharedKeyCredential(identity.account, identity.key);
      const client = open(credential).getContainerClient(container);
      const sign = async (key: string, expiresInSeconds: number) =>
        link(
          client,
          key,
          generateBlobSASQueryParameters(linkFields(config, key, expiresInSeconds), credential),
        );
      return { container: client, sign, ...common };
    }
    case 'Sas':
      // A SAS opens what it was made for: a link with it would give away more than the object.
      return {
        container: open(new AnonymousCredential(), `?${identity.token}`).getContainerClient(container),
        ...common,
      };
    case 'ServicePrincipal':
    case 'Ambient': {
      const service = open(await tokenCredential(identity));
      const client = service.getContainerClient(container);
      const { account } = config;
      if (account === undefined) return { container: client, ...common };
      const sign = async (key: string, expiresInSeconds: number) => {
        const fields = linkFields(config, key, expiresInSeconds);
        const startsOn = new Date(Date.now() - CLOCK_LEEWAY_MS);
        const userKey = await service.getUserDelegationKey(startsOn, fields.expiresOn);
        return link(client, key, generateBlobSASQueryParameters(fields, userKey, account));
      };
      return { container: client, sign, ...common };
    }
  }
}

function linkFields({ container, endpoint }: AzureConfig, key: string, expiresInSeconds: number) {
  return {
    containerName: container,
    blobName: key,
    permissions: BlobSASPermissions.parse('r'),
    expiresOn: new Date(Date.now() + expiresInSeconds * 1000),
    protocol: endpoint.startsWith('https:') ? SASProtocol.Https : SASProtocol.HttpsAndHttp,
  };
}

function link(client: ContainerClient, key: string, query: { toString(): string }): string {
  return `${client.getBlobClient(key).url}?${query}`;
}
