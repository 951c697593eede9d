import type { Destination } from './destination.ts';
import { addressAnnotation, type MadeStorage } from './destination-name.ts';
import type { SourceArgument } from './source-argument.ts';

const apiVersion = 'tapedeck.dev/v1alpha1';

interface RecordingRequest {
  readonly source: SourceArgument;
  readonly destination: Destination;
  readonly namespace: string;
  readonly name: string | undefined;
  /** As typed after `--for`. */
  readonly duration: string | undefined;
  readonly now: Date;
}

/** What a file would hold that asks for the same: a storage where one has to be made, and the Recording. */
export function composeRecording(request: RecordingRequest): readonly object[] {
  const { destination, namespace, source } = request;
  const name = request.name ?? defaultName(request.now);
  const storage = destination.made?.name ?? destination.storage;
  const secretName = `${name}-source`;
  const secret = source.type === 'Stream' && source.secret;
  return [
    ...(secret
      ? [
          {
            apiVersion: 'v1',
            kind: 'Secret',
            metadata: { name: secretName, namespace },
            stringData: { url: source.url },
          },
        ]
      : []),
    ...(destination.made === undefined ? [] : storageDocuments(destination.made, namespace)),
    {
      apiVersion,
      kind: 'Recording',
      metadata: { name, namespace },
      spec: {
        source: sourceBlock(source, secret ? secretName : undefined),
        storage: { refs: [{ name: storage }] },
        ...(request.duration === undefined ? {} : { stopWhen: { elapsed: request.duration } }),
      },
    },
  ];
}

/** The storage, and the Secret of its name where it has credentials of its own. */
function storageDocuments(made: MadeStorage, namespace: string): readonly object[] {
  const { name, spec, credentials, address } = made;
  const metadata = { name, namespace };
  if (credentials === undefined) return [{ apiVersion, kind: 'ExternalStorage', metadata, spec }];
  return [
    { apiVersion: 'v1', kind: 'Secret', metadata, stringData: credentials },
    {
      apiVersion,
      kind: 'ExternalStorage',
      metadata: { ...metadata, ...(address && { annotations: { [addressAnnotation]: address } }) },
      spec: { ...spec, credentials: { secretRef: { name } } },
    },
  ];
}

function sourceBlock(source: SourceArgument, secretName: string | undefined): object {
  if (source.type === 'TestCard') return { type: 'TestCard' };
  if (source.type === 'Page') return { type: 'Page', page: { url: source.url } };
  const stream =
    secretName === undefined ? { url: source.url } : { urlSecretRef: { name: secretName, key: 'url' } };
  return { type: 'Stream', stream };
}

/** `recording-20261121-090000-123`: two in the same second differ. */
function defaultName(now: Date): string {
  const [date = '', time = ''] = now.toISOString().split('T');
  return `recording-${date.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}-${time.slice(9, 12)}`;
}
