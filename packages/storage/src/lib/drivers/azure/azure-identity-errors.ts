import type { ErrorCode } from '@tapedeck/core';

/** Of @azure/identity, by name: it wraps whatever went wrong when a token was asked for. */
const names: ReadonlySet<string> = new Set([
  'AggregateAuthenticationError',
  'AuthenticationError',
  'AuthenticationRequiredError',
  'CredentialUnavailableError',
]);

const hints = {
  away: 'check the way to the token service (login.microsoftonline.com, or AZURE_AUTHORITY_HOST), and the tenantId',
  none: 'nothing here offers an identity: give the storage credentials, or a ServiceAccount with workload identity',
  refused: 'check the tenant, the client, its secret (and when that ends) or its federated credential',
} as const;

/**
 * Why there is no token; undefined for another failure. A token service that does not answer is told from one that
 * refuses, since only the latter ends an upload: tokens are renewed while one runs.
 */
export function tokenFailure(
  error: unknown,
): { readonly code: ErrorCode; readonly hint: string } | undefined {
  if (!(error instanceof Error) || !names.has(error.name)) return undefined;
  const status: unknown = Reflect.get(error, 'statusCode');
  if (typeof status === 'number' && (status === 429 || status >= 500))
    return { code: 'StorageUnavailable', hint: hints.away };
  if (error.name === 'AggregateAuthenticationError')
    return { code: 'StorageUnauthenticated', hint: hints.none };
  // The words of the library underneath, whose own causes are not passed on.
  if (/endpoints_resolution_error|network_error|openid_config_error/.test(error.message))
    return { code: 'StorageUnreachable', hint: hints.away };
  return { code: 'StorageUnauthenticated', hint: hints.refused };
}
