import { type ExternalStorageSpec, TapedeckError } from '@tapedeck/core';
import type { PodDocument } from './pod-document.ts';
import { podAnnotations, podFiles } from './pod-files.ts';
import { identityLabel } from './recorder-network.ts';
import { type RecorderSettings, reportAudience } from './recorder-settings.ts';
import { credentialsPath, type SourceSecret } from './run-document.ts';

/** A recorder is safe 15 s after SIGTERM; the rest is for a node that is busy. */
const graceSeconds = 30;
/** A node that is gone is noticed after some 45 s; no use in waiting the five minutes that are usual then. */
const lostNodeSeconds = 30;
/** Nobody in particular: any uid will do, and 0 will not. */
const user = 65_532;
/** Kubernetes wants ten minutes at least; the recorder reads the token at each report. */
const tokenSeconds = 3600;
const mebibyte = 1024 * 1024;
/** Programs keep little in /tmp. */
const temporaryBytes = 64 * mebibyte;
/** A browser's profile with its caches. */
const browserBytes = 1024 * mebibyte;
/** Pictures on their way between a browser's processes; of the container's memory. */
const sharedBytes = 512 * mebibyte;

export interface RecorderPodInput {
  readonly command: 'run' | 'check';
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  /** What the recorder reads, see `runDocument`. */
  readonly document: PodDocument;
  readonly storages: readonly { readonly name: string; readonly spec: ExternalStorageSpec }[];
  readonly sourceSecrets?: readonly SourceSecret[];
  /** A page is recorded, in a browser. */
  readonly browser?: boolean;
  readonly resources?: RecorderSettings['resources'] | undefined;
  readonly settings: RecorderSettings;
}

/**
 * The pod of a recorder, within the restricted Pod Security Standard: no Kubernetes credentials but a token that only our
 * report endpoint takes, of Secrets just those that its storages and its source name, and a root that cannot be written.
 */
export function recorderPod(input: RecorderPodInput) {
  const { command, settings, document } = input;
  const mounted = 'annotation' in document;
  const runs = command === 'run';
  const browser = input.browser === true;
  const sources = input.sourceSecrets ?? [];
  const usual = browser ? (settings.pages?.resources ?? settings.resources) : settings.resources;
  const resources = { ...usual, ...input.resources };
  const secrets = input.storages.flatMap(({ spec }, index) => {
    const name = spec.credentials?.secretRef?.name;
    return name === undefined ? [] : [{ name, volume: `credentials-${index}`, path: credentialsPath(index) }];
  });
  const mounts = [
    { name: 'run', mountPath: podFiles.run, readOnly: true },
    { name: 'scratch', mountPath: podFiles.scratch },
    { name: 'tmp', mountPath: podFiles.temporary },
    ...(runs ? [{ name: 'token', mountPath: podFiles.token, readOnly: true }] : []),
    ...secrets.map(({ volume, path }) => ({ name: volume, mountPath: path, readOnly: true })),
    ...sources.map(({ volume, path }) => ({ name: volume, mountPath: path, readOnly: true })),
    ...(browser ? [{ name: 'shm', mountPath: '/dev/shm' }] : []),
  ];
  const account = serviceAccountOf(input.storages);
  return {
    metadata: {
      labels: { ...input.labels, ...identityLabels(input.storages) },
      annotations: {
        ...input.annotations,
        // Both say it to an autoscaler in its own words: a recording cannot be moved.
        'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false',
        'karpenter.sh/do-not-disrupt': 'true',
        ...(mounted ? { [podAnnotations.spec]: document.annotation } : {}),
        ...(runs ? { [podAnnotations.ca]: settings.reportCa } : {}),
      },
    },
    spec: {
      restartPolicy: 'Never',
      terminationGracePeriodSeconds: graceSeconds,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      ...(account === undefined ? {} : { serviceAccountName: account }),
      ...(settings.priorityClassName === undefined ? {} : { priorityClassName: settings.priorityClassName }),
      ...(settings.nodeSelector === undefined ? {} : { nodeSelector: settings.nodeSelector }),
      ...(settings.imagePullSecrets === undefined ? {} : { imagePullSecrets: settings.imagePullSecrets }),
      tolerations: [
        ...['not-ready', 'unreachable'].map((state) => ({
          key: `node.kubernetes.io/${state}`,
          operator: 'Exists',
          effect: 'NoExecute',
          tolerationSeconds: lostNodeSeconds,
        })),
        ...(settings.tolerations ?? []),
      ],
      securityContext: {
        runAsNonRoot: true,
        runAsUser: user,
        runAsGroup: user,
        // Volumes of Secrets and tokens belong to this group.
        fsGroup: user,
        seccompProfile: { type: 'RuntimeDefault' },
      },
      containers: [
        {
          name: 'recorder',
          image: settings.image,
          ...(settings.imagePullPolicy === undefined ? {} : { imagePullPolicy: settings.imagePullPolicy }),
          args: [command, mounted ? podFiles.spec : '--from-environment'],
          env: [
            { name: 'HOME', value: podFiles.temporary },
            ...(browser ? pageEnvironment(settings) : []),
            ...(mounted ? [] : document.environment),
          ],
          resources,
          terminationMessagePath: podFiles.termination,
          terminationMessagePolicy: 'File',
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ['ALL'] },
          },
          volumeMounts: mounts,
        },
      ],
      volumes: [
        {
          name: 'run',
          downwardAPI: {
            items: [
              ...(mounted ? [annotationFile('spec.json', podAnnotations.spec)] : []),
              ...(runs ? [annotationFile('ca.crt', podAnnotations.ca)] : []),
            ],
          },
        },
        // Parts spool up to the limit; the rest is for the file system's own.
        {
          name: 'scratch',
          emptyDir: { sizeLimit: `${Math.ceil(settings.scratchBytes / mebibyte) + 64}Mi` },
        },
        {
          name: 'tmp',
          emptyDir: { sizeLimit: `${(browser ? browserBytes : temporaryBytes) / mebibyte}Mi` },
        },
        ...(runs
          ? [
              {
                name: 'token',
                projected: {
                  sources: [
                    {
                      serviceAccountToken: {
                        audience: reportAudience,
                        expirationSeconds: tokenSeconds,
                        path: 'token',
                      },
                    },
                  ],
                },
              },
            ]
          : []),
        ...secrets.map(({ name, volume }) => ({
          name: volume,
          // A check starts without its Secret too, and says that it is missing; a run waits for it.
          secret: { secretName: name, defaultMode: 0o440, ...(runs ? {} : { optional: true }) },
        })),
        ...sources.map(({ name, volume, key }) => ({
          name: volume,
          secret: {
            secretName: name,
            defaultMode: 0o440,
            ...(key === undefined ? {} : { items: [{ key, path: 'url' }] }),
          },
        })),
        ...(browser
          ? [{ name: 'shm', emptyDir: { medium: 'Memory', sizeLimit: `${sharedBytes / mebibyte}Mi` } }]
          : []),
      ],
    },
  };
}

/** What pages may visit is said by whoever installed the operator, never by a recording. */
function pageEnvironment({ pages }: RecorderSettings) {
  return [
    { name: 'TAPEDECK_PAGE_VISIT', value: (pages?.visit ?? []).join(',') },
    { name: 'TAPEDECK_PAGE_MEDIA', value: pages?.media ?? 'Proxied' },
  ];
}

function annotationFile(path: string, annotation: string) {
  return { path, fieldRef: { fieldPath: `metadata.annotations['${annotation}']` } };
}

/** What a pod needs to be told who it is, where a storage has no Secret: the way to its cloud, and Azure's webhook. */
function identityLabels(storages: RecorderPodInput['storages']): Readonly<Record<string, string>> {
  const keyless = storages.filter(
    ({ spec }) => spec.credentials?.secretRef === undefined && spec.provider !== 'SFTP',
  );
  const azure = keyless.some(
    ({ spec }) => spec.provider === 'AzureBlob' && spec.credentials?.serviceAccountName !== undefined,
  );
  return {
    ...(keyless.length > 0 ? identityLabel : {}),
    ...(azure ? { 'azure.workload.identity/use': 'true' } : {}),
  };
}

/** A pod has one identity. Only a storage names it, never a recording. */
function serviceAccountOf(storages: RecorderPodInput['storages']): string | undefined {
  const named = storages.flatMap(({ name, spec }) => {
    const account = spec.credentials?.serviceAccountName;
    return account === undefined ? [] : [{ name, account }];
  });
  const [first] = named;
  const other = named.find(({ account }) => account !== first?.account);
  if (first === undefined || other === undefined) return first?.account;
  throw new TapedeckError(
    'NotSupported',
    `ExternalStorages ${first.name} and ${other.name} name different ServiceAccounts, and one pod has one; give both the same, or one of them a Secret`,
  );
}
