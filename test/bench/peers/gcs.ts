import { startGcs } from '../../servers/gcs.ts';
import type { Peer } from './peer.ts';

/**
 * Ours in parts, rclone by a resumable session, as each does by default. Both go through the stand-in for the calls that
 * fake-gcs-server lacks: it takes the whole object in either way and hands it over at the end.
 */
export async function gcsPeer(): Promise<Peer> {
  const server = await startGcs();
  const { bucket, endpoint, behind, identities } = server;
  const serviceAccount = identities.addAccount('user');
  return {
    name: 'GCS (fake-gcs-server)',
    storage: {
      name: 'bench',
      spec: { provider: 'GCS', gcs: { bucket, endpoint } },
      credentials: { type: 'Inline', values: { serviceAccount } },
    },
    rclone: {
      type: 'google cloud storage',
      service_account_credentials: serviceAccount.replaceAll(/\s*\n\s*/g, ''),
      endpoint: `${endpoint}/storage/v1/`,
      no_check_bucket: 'true',
      bucket_policy_only: 'true',
    },
    place: bucket,
    async remove(key) {
      await fetch(`${behind}/storage/v1/b/${bucket}/o/${encodeURIComponent(key)}`, { method: 'DELETE' });
    },
    stop: () => server.close(),
  };
}
