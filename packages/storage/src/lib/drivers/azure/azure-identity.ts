import type { TokenCredential } from '@azure/identity';
import type { AzureIdentity } from './azure-config.ts';

/** Those whose authority's address Microsoft vouches for; another one (of an Azure Stack, say) is taken at its word. */
const publicAuthorities: ReadonlySet<string> = new Set([
  'login.microsoftonline.com',
  'login.chinacloudapi.cn',
  'login.partner.microsoftonline.cn',
  'login.microsoftonline.us',
]);

/**
 * Asks for tokens as the identity. The library is loaded only where there is no key; it finds a ServiceAccount's
 * federated token, a managed identity or a developer's login by itself, in its own order
 * (https://learn.microsoft.com/azure/developer/javascript/sdk/authentication/credential-chains).
 */
export async function tokenCredential(
  identity: Extract<AzureIdentity, { type: 'ServicePrincipal' | 'Ambient' }>,
): Promise<TokenCredential> {
  const { ClientSecretCredential, DefaultAzureCredential, WorkloadIdentityCredential } = await import(
    '@azure/identity'
  );
  // Retries and deadlines are the store's.
  const options = { retryOptions: { maxRetries: 0 }, disableInstanceDiscovery: hasOwnAuthority() };
  if (identity.type === 'ServicePrincipal') {
    const { tenantId, clientId, clientSecret } = identity;
    return new ClientSecretCredential(tenantId, clientId, clientSecret, options);
  }
  // What Azure's webhook puts into a pod whose ServiceAccount has an identity: then no other one is meant.
  const { AZURE_FEDERATED_TOKEN_FILE, AZURE_TENANT_ID, AZURE_CLIENT_ID } = process.env;
  const isWorkload = AZURE_FEDERATED_TOKEN_FILE && AZURE_TENANT_ID && AZURE_CLIENT_ID;
  return isWorkload ? new WorkloadIdentityCredential(options) : new DefaultAzureCredential(options);
}

function hasOwnAuthority(): boolean {
  const { AZURE_AUTHORITY_HOST: address } = process.env;
  return address !== undefined && URL.canParse(address) && !publicAuthorities.has(new URL(address).hostname);
}
