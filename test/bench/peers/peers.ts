import { azurePeer } from './azure.ts';
import { gcsPeer } from './gcs.ts';
import type { Peer } from './peer.ts';
import { s3Peer } from './s3.ts';
import { sftpPeer } from './sftp.ts';

/** Every service's server, by the name that `--only` takes. */
export const peers: Readonly<Record<string, () => Promise<Peer>>> = {
  s3: s3Peer,
  azure: azurePeer,
  gcs: gcsPeer,
  sftp: sftpPeer,
};
