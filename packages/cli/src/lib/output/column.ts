import type { Kind, ResourceByKind } from '@tapedeck/control';
import type { Condition, RecordingCopy } from '@tapedeck/core';
import { formatAge, formatBytes, formatClock, statusSeconds } from './amount.ts';
import { outputPlaces } from './output-places.ts';
import { storageNames } from './storage-names.ts';

/** A column of `get`'s table. */
export interface Column<K extends Kind> {
  readonly title: string;
  /** Only with `-o wide`. */
  readonly wide?: true;
  text(resource: ResourceByKind[K], now: Date): string;
}

export const columns: { readonly [K in Kind]: readonly Column<K>[] } = {
  ExternalStorage: [
    { title: 'NAME', text: ({ metadata }) => metadata.name },
    { title: 'PROVIDER', text: ({ spec }) => spec.provider },
    { title: 'BUCKET', text: ({ spec }) => storagePlace(spec) },
    { title: 'READY', text: ({ status }) => conditionOf(status?.conditions, 'Ready')?.status ?? 'Unknown' },
    { title: 'REASON', text: ({ status }) => conditionOf(status?.conditions, 'Ready')?.reason ?? '' },
    { title: 'AGE', text: ({ metadata }, now) => formatAge(metadata.creationTimestamp, now) },
    { title: 'PREFIX', wide: true, text: ({ spec }) => spec.prefix ?? '' },
    {
      title: 'ENDPOINT',
      wide: true,
      text: ({ spec, status }) => status?.endpoint ?? spec.s3?.endpoint ?? spec.azureBlob?.endpoint ?? '',
    },
    { title: 'CREDENTIALS', wide: true, text: ({ spec }) => credentials(spec) },
    {
      title: 'CHECKED',
      wide: true,
      text: ({ status }, now) => formatAge(status?.lastCheck?.time, now),
    },
  ],
  Recording: [
    { title: 'NAME', text: ({ metadata }) => metadata.name },
    { title: 'PHASE', text: phaseText },
    {
      title: 'DURATION',
      text: ({ status }) => (status?.duration ? formatClock(statusSeconds(status.duration)) : ''),
    },
    {
      title: 'UPLOADED',
      text: ({ status }) => (status?.progress ? formatBytes(status.progress.bytesUploaded) : ''),
    },
    {
      title: 'STORAGE',
      text: storageNames,
    },
    { title: 'AGE', text: ({ metadata }, now) => formatAge(metadata.creationTimestamp, now) },
    { title: 'SOURCE', wide: true, text: ({ spec }) => spec.source?.type ?? '' },
    { title: 'ATTEMPTS', wide: true, text: ({ status }) => String(status?.attempts?.length ?? 0) },
    { title: 'GAPS', wide: true, text: ({ status }) => String(status?.gaps?.length ?? 0) },
    { title: 'STOP', wide: true, text: ({ status }) => status?.stopReason ?? '' },
    { title: 'STALLED', wide: true, text: ({ status }) => stalledText(status?.conditions) },
    { title: 'OUTPUT', wide: true, text: outputText },
  ],
  RecordingCopy: [
    { title: 'NAME', text: ({ metadata }) => metadata.name },
    { title: 'PHASE', text: phaseText },
    { title: 'RECORDING', text: ({ spec }) => spec.recordingRef.name },
    { title: 'COPIED', text: ({ status }) => copiedText(status?.progress) },
    { title: 'STORAGE', text: ({ spec }) => spec.storage.name },
    { title: 'AGE', text: ({ metadata }, now) => formatAge(metadata.creationTimestamp, now) },
    { title: 'ATTEMPTS', wide: true, text: ({ status }) => String(status?.attempts?.length ?? 0) },
    { title: 'STALLED', wide: true, text: ({ status }) => stalledText(status?.conditions) },
    { title: 'OUTPUT', wide: true, text: outputText },
  ],
  RecordingProfile: [
    { title: 'NAME', text: ({ metadata }) => metadata.name },
    { title: 'SOURCE', text: ({ spec }) => spec.source?.type ?? '' },
    { title: 'STORAGE', text: ({ spec }) => spec.storage?.refs.map((ref) => ref.name).join(',') ?? '' },
    { title: 'AGE', text: ({ metadata }, now) => formatAge(metadata.creationTimestamp, now) },
  ],
};

function phaseText({ metadata, status }: ResourceByKind['Recording' | 'RecordingCopy']): string {
  return metadata.deletionTimestamp === undefined ? (status?.phase ?? 'Pending') : 'Deleting';
}

/** `3 MB of 12 MB` */
export function copiedText(progress: NonNullable<RecordingCopy['status']>['progress']): string {
  if (progress === undefined) return '';
  return `${formatBytes(progress.bytesCopied)} of ${formatBytes(progress.bytesTotal)}`;
}

function stalledText(conditions: readonly Condition[] | undefined): string {
  const stalled = conditionOf(conditions, 'Stalled');
  return stalled?.status === 'True' ? stalled.reason : '';
}

function outputText(resource: ResourceByKind['Recording' | 'RecordingCopy']): string {
  const places = outputPlaces(resource);
  if (places.length < 2) return places.flatMap(({ files }) => files).join(',');
  return places.map(({ storage, files }) => `${storage}: ${files.join(',')}`).join('; ');
}

type StorageSpec = ResourceByKind['ExternalStorage']['spec'];

/** Bucket, container or directory: what the provider calls the place itself. */
export function storagePlace(spec: StorageSpec): string {
  return (
    spec.s3?.bucket ??
    spec.digitalOcean?.bucket ??
    spec.azureBlob?.container ??
    spec.gcs?.bucket ??
    spec.local?.directory ??
    (spec.sftp === undefined ? '' : `${spec.sftp.host}:${spec.sftp.directory ?? ''}`)
  );
}

function credentials(spec: StorageSpec): string {
  const { secretRef, serviceAccountName } = spec.credentials ?? {};
  if (secretRef !== undefined) return `Secret/${secretRef.name}`;
  return serviceAccountName === undefined ? 'keyless' : `ServiceAccount/${serviceAccountName}`;
}

export function conditionOf(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}
