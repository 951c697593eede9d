import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TapedeckError } from '@tapedeck/core/error';
import type { CliExitCode } from '../cli-exit.ts';
import { type LinkOptions, makeHere, printLinks } from '../commands/link.ts';
import { createSecretCache } from '../local/secret-cache.ts';
import type { Terminal } from '../terminal.ts';
import type { Cluster } from './cluster.ts';
import { readSecret } from './cluster-secret.ts';

/**
 * Prints a download link for each finished file, signed on this machine: with the storage's Secret, which the caller must
 * be allowed to read, or with the machine's own identity where there is none.
 */
export async function linkFromCluster(
  { store, calls }: Cluster,
  terminal: Terminal,
  word: string,
  options: LinkOptions,
): Promise<CliExitCode> {
  if (options.filename !== undefined) {
    throw new TapedeckError(
      'NotSupported',
      'link: on a cluster the storage and its Secret are taken from there, not from a file',
    );
  }
  const { namespace = 'default' } = options;
  return await printLinks(store, terminal, word, options, async (name, wanted, signal) => {
    const storage = await store.get('ExternalStorage', namespace, name);
    if (storage === undefined) {
      throw new TapedeckError(
        'NotFound',
        `the ExternalStorage ${name} that holds the file is not there any more`,
      );
    }
    const secrets = createSecretCache();
    const secret = storage.spec.credentials?.secretRef?.name;
    if (secret !== undefined) {
      secrets.put([{ namespace, name: secret, values: await readSecret(calls, namespace, secret) }]);
    }
    const directory = await mkdtemp(join(tmpdir(), 'tapedeck-link-'));
    try {
      return await makeHere(directory, { namespace, name, spec: storage.spec }, wanted, secrets, signal);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });
}
