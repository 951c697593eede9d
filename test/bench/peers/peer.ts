import type { RunStorage } from '@tapedeck/core';

/** A server that both upload to, and how each of them is told of it. */
export interface Peer {
  readonly name: string;
  readonly storage: RunStorage;
  /** A section of rclone's configuration; `recordings` below says where in it. */
  readonly rclone: Readonly<Record<string, string>>;
  /** Bucket, container or directory, for rclone. */
  readonly place: string;
  /** Another program that uploads one file there, where there is one besides rclone; gives its argv. */
  readonly other?: { readonly name: string; argv(file: string, key: string): readonly string[] };
  /** Brings an uploaded file onto the server's disk, where ours is brought there and rclone's is not. */
  sync?(key: string): Promise<void>;
  /** Makes room for the next upload. */
  remove(key: string): Promise<void>;
  stop(): Promise<void>;
}
