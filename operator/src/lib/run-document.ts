import type { LaunchPlan, RunPlan } from '@tapedeck/control';
import {
  type CheckSpec,
  type ExternalStorageSpec,
  type PageSecretField,
  pageSecretFields,
  type RunCredentials,
  type RunDocument,
  type RunSpec,
  type RunStorage,
  TapedeckError,
} from '@tapedeck/core';
import { podFiles } from './pod-files.ts';
import type { RecorderSettings } from './recorder-settings.ts';

/** What a run reads: its plan with the paths of its pod. It holds no secret: an annotation can be read by many. */
export function runDocument(plan: LaunchPlan, settings: RecorderSettings): RunDocument {
  const storages = plan.storages.map((storage, index) => storageOf(storage, index));
  const report = {
    url: `${settings.reportUrl}/runs/${plan.id}/report`,
    tokenFile: podFiles.tokenFile,
    caFile: podFiles.ca,
  };
  const terminationFile = podFiles.termination;
  if (plan.mode === 'Copy') return { ...plan, storages, report, terminationFile };
  const { resources: _, source, storages: _storages, ...rest } = plan;
  return {
    ...rest,
    source: sourceOf(source),
    storages,
    scratch: { directory: podFiles.scratch, maxBytes: settings.scratchBytes },
    report,
    terminationFile,
  };
}

/** What a check reads. */
export function checkDocument(id: string, storage: { name: string; spec: ExternalStorageSpec }): CheckSpec {
  return { version: 1, id, storage: storageOf(storage, 0), terminationFile: podFiles.termination };
}

/** Where the credentials of the nth storage are mounted. */
export function credentialsPath(index: number): string {
  return `${podFiles.credentials}/${index}`;
}

function storageOf(
  storage: { name: string; spec: ExternalStorageSpec; generation?: number },
  index: number,
): RunStorage {
  if (storage.spec.provider === 'Local') {
    throw new TapedeckError(
      'NotSupported',
      `ExternalStorage ${storage.name} is a directory of one machine, which a cluster has not; use S3, DigitalOcean, AzureBlob, GCS or SFTP`,
    );
  }
  const secret = storage.spec.credentials?.secretRef;
  return {
    name: storage.name,
    spec: storage.spec,
    ...(storage.generation === undefined ? {} : { generation: storage.generation }),
    credentials:
      secret === undefined ? { type: 'None' } : { type: 'Directory', path: credentialsPath(index) },
  };
}

function sourceOf(source: RunPlan['source']): RunSpec['source'] {
  if (source.type === 'TestCard') return source;
  if (source.type === 'Page') return pageOf(source);
  const { url, urlSecretRef, ...rest } = source;
  if (url !== undefined) return { ...rest, url };
  if (urlSecretRef !== undefined) return { ...rest, url: '', urlFile: podFiles.sourceUrl };
  throw new TapedeckError('InvalidSource', 'spec.source.stream: neither url nor urlSecretRef is there');
}

function pageOf({ secrets, ...page }: Extract<RunPlan['source'], { type: 'Page' }>): RunSpec['source'] {
  const mounted = (field: PageSecretField): RunCredentials =>
    secrets[field] === undefined ? { type: 'None' } : { type: 'Directory', path: pageSecretPath(field) };
  return {
    ...page,
    headers: mounted('headers'),
    cookies: mounted('cookies'),
    localStorage: mounted('localStorage'),
  };
}

function pageSecretPath(field: PageSecretField): string {
  return `${podFiles.source}/${field}`;
}

/** A Secret of the source's, as a directory of the pod. */
export interface SourceSecret {
  readonly name: string;
  readonly volume: string;
  readonly path: string;
  /** The one key that is mounted, as `url`; absent: all, by their names. */
  readonly key?: string;
}

/** Where `runDocument` says that the source's Secrets are. */
export function sourceSecrets(source: RunPlan['source']): readonly SourceSecret[] {
  if (source.type === 'Stream' && source.urlSecretRef !== undefined)
    return [{ ...source.urlSecretRef, volume: 'source', path: podFiles.source }];
  if (source.type !== 'Page') return [];
  return pageSecretFields.flatMap((field) => {
    const name = source.secrets[field];
    return name === undefined
      ? []
      : [{ name, volume: `source-${field.toLowerCase()}`, path: pageSecretPath(field) }];
  });
}
