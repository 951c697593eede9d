import { openBucket } from '../../servers/bucket.ts';
import { startVersityGw } from '../../servers/versitygw.ts';
import { gatewayStorage } from '../lib/recorder-process.ts';
import type { Peer } from './peer.ts';

export async function s3Peer(): Promise<Peer> {
  const server = await startVersityGw();
  const bucket = openBucket(server);
  return {
    name: 'S3 (VersityGW)',
    storage: gatewayStorage(server),
    rclone: {
      type: 's3',
      provider: 'Other',
      access_key_id: server.accessKeyId,
      secret_access_key: server.secretAccessKey,
      endpoint: server.endpoint,
      region: server.region,
      no_check_bucket: 'true',
    },
    place: server.bucket,
    remove: (key) => bucket.delete(key),
    async stop() {
      bucket.close();
      await server.stop();
    },
  };
}
