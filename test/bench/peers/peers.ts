import type { Peer } from './peer.ts';
import { s3Peer } from './s3.ts';

/** Every service's server, by the name that `--only` takes. */
export const peers: Readonly<Record<string, () => Promise<Peer>>> = { s3: s3Peer };
