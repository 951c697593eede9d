import { Storage } from '@google-cloud/storage';
import type { GcsClient } from './gcs-client.ts';
import type { GcsConfig } from './gcs-config.ts';
import { translateGcsError } from './gcs-errors.ts';

/**
 * A link that opens without credentials (https://cloud.google.com/storage/docs/access-control/signed-urls), signed
 * by the account's key, or by the IAM service where the machine has an identity without one. The SDK signs the
 * host's name without a port; Google's has none.
 */
export async function signGcsLink(
  client: GcsClient,
  { bucket, endpoint }: Pick<GcsConfig, 'bucket' | 'endpoint'>,
  key: string,
  expiresInSeconds: number,
): Promise<string> {
  const storage = new Storage({ authClient: client.auth.google, apiEndpoint: endpoint });
  const call = {
    operation: 'Sign a link',
    permission: 'iam.serviceAccounts.signBlob',
    target: client.url(key),
  };
  try {
    // The signature counts from this second; what is left of it must not make the link shorter.
    const expires = (Math.floor(Date.now() / 1000) + expiresInSeconds) * 1000;
    const [link] = await storage
      .bucket(bucket)
      .file(key)
      .getSignedUrl({ version: 'v4', action: 'read', expires });
    return link;
  } catch (error) {
    throw translateGcsError(call, error);
  }
}
