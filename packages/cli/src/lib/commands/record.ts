import { parseManifest, TapedeckError } from '@tapedeck/core';
import type { CliExitCode } from '../cli-exit.ts';
import { cliExitCodes } from '../cli-exit.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { LocalData } from '../local/local-data.ts';
import { toLocalManifest } from '../manifest/local-manifest.ts';
import { parseOutputFormat, renderDocument } from '../output/document.ts';
import { type Destination, parseDestination, processSurroundings } from '../record/destination.ts';
import { placeholder, withPlaceholders } from '../record/destination-name.ts';
import { composeRecording } from '../record/recording-document.ts';
import { parsePage, parseSource } from '../record/source-argument.ts';
import type { ResourceClient } from '../resource-client.ts';
import type { Terminal } from '../terminal.ts';
import { runManifest } from './run.ts';

export interface RecordOptions {
  readonly to: string;
  readonly for?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly page?: boolean;
  readonly dryRun?: boolean;
  readonly output?: string;
}

/** Records one source without a file: composes what the file would hold, and runs or prints it. */
export async function record(
  where: { readonly cluster: Cluster | undefined; readonly data: () => LocalData },
  terminal: Terminal,
  source: string,
  options: RecordOptions,
): Promise<CliExitCode> {
  if (options.output !== undefined && options.dryRun !== true) {
    throw new TapedeckError('InvalidManifest', '-o goes with --dry-run');
  }
  const namespace = options.namespace ?? 'default';
  const destination = readDestination(options.to, options.dryRun === true);
  const documents = composeRecording({
    source: options.page === true ? parsePage(source) : await parseSource(source),
    destination,
    namespace,
    name: options.name,
    duration: options.for,
    now: new Date(),
  });
  const manifest = toLocalManifest(documents.map(parseManifest), { namespace, cwd: process.cwd() });
  if (options.dryRun === true) {
    const format =
      options.output === undefined ? 'yaml' : parseOutputFormat(options.output, ['json', 'yaml']);
    for (const [index, document] of documents.entries()) {
      if (format === 'yaml' && index > 0) terminal.print('---');
      terminal.print(await renderDocument(format === 'json' ? 'json' : 'yaml', document));
    }
    return cliExitCodes.Done;
  }
  const { cluster } = where;
  if (cluster === undefined) {
    const data = where.data();
    await checkNamed(data.store, destination, namespace);
    return await runManifest(data, terminal, manifest);
  }
  const { refuseOwnFiles } = await import('../cluster/cluster-manifest.ts');
  refuseOwnFiles(manifest);
  await checkNamed(cluster.store, destination, namespace);
  return await (await import('../cluster/run.ts')).runManifestOnCluster(cluster, terminal, manifest);
}

/** A manifest that is only shown holds no secret, and needs none to be there. */
function readDestination(text: string, shown: boolean): Destination {
  if (!shown) return parseDestination(text);
  const around = processSurroundings();
  const env = { TAPEDECK_SFTP_PASSWORD: placeholder, ...around.env };
  const destination = parseDestination(text, { ...around, env });
  return destination.made === undefined ? destination : { made: withPlaceholders(destination.made) };
}

/** A storage that is named has to be there; one that is made of an address is not. */
async function checkNamed(
  store: Pick<ResourceClient, 'get'>,
  { storage }: Destination,
  namespace: string,
): Promise<void> {
  if (storage === undefined || (await store.get('ExternalStorage', namespace, storage)) !== undefined) return;
  throw new TapedeckError(
    'NotFound',
    `there is no ExternalStorage ${storage} in namespace ${namespace}; for a directory of that name write --to ./${storage}`,
  );
}
