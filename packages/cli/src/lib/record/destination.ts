import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, resolve } from 'node:path';
import { TapedeckError } from '@tapedeck/core/error';
import { parseAzureBlob, parseDigitalOcean, parseGcs, parseS3 } from './destination-bucket.ts';
import { type MadeStorage, nameFor } from './destination-name.ts';
import { parseSftp } from './destination-sftp.ts';

/** Where `record` puts the file: a storage that is there by name, or one that is made for it. */
export type Destination =
  | { readonly storage: string; readonly made?: undefined }
  | { readonly storage?: undefined; readonly made: MadeStorage };

/** What a destination is read with, besides its own text. */
export interface DestinationSurroundings {
  readonly cwd: string;
  readonly home: string;
  /** Credentials come from here; never from the destination, which everybody on the machine can read in the list of processes. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly readFile: (path: string) => string;
}

export function processSurroundings(): DestinationSurroundings {
  return {
    cwd: process.cwd(),
    home: homedir(),
    env: process.env,
    readFile: (path) => readFileSync(path, 'utf8'),
  };
}

const schemes: Readonly<
  Record<string, (text: string, around: DestinationSurroundings) => MadeStorage | undefined>
> = { s3: parseS3, do: parseDigitalOcean, az: parseAzureBlob, gs: parseGcs, sftp: parseSftp };

/**
 * Reads `--to`: a storage's name, a directory (it holds a slash, or starts with a dot or a tilde), or an address:
 * `s3://bucket/prefix`, `do://space/prefix`, `gs://bucket/prefix`, `az://container/prefix`, `sftp://user@host/directory`,
 * each with what else is to be said in its query.
 */
export function parseDestination(
  text: string,
  around: DestinationSurroundings = processSurroundings(),
): Destination {
  const { cwd, home } = around;
  const scheme = /^([a-z][a-z0-9+.-]*):/i.exec(text)?.[1]?.toLowerCase();
  const made = scheme === undefined ? undefined : schemes[scheme]?.(text, around);
  if (made !== undefined) return { made: { ...made, address: text } };
  if (scheme === 'file') return localDirectory(new URL(text).pathname);
  if (scheme !== undefined) {
    const known = Object.keys(schemes).map((each) => `${each}://`);
    throw new TapedeckError(
      'InvalidManifest',
      `--to ${scheme}:…: known are ${known.join(', ')}, a directory and a storage's name`,
    );
  }
  if (text === '~' || text.startsWith('~/')) return localDirectory(resolve(home, text.slice(2)));
  if (text.includes('/') || text.startsWith('.')) return localDirectory(resolve(cwd, text));
  if (/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(text)) return { storage: text };
  throw new TapedeckError(
    'InvalidManifest',
    `--to ${text.slice(0, 64)}: no storage can be called that; for a directory write ./${text.slice(0, 64)}`,
  );
}

function localDirectory(directory: string): Destination {
  return {
    made: {
      name: nameFor(basename(directory) || 'root', directory),
      spec: { provider: 'Local', local: { directory } },
    },
  };
}
