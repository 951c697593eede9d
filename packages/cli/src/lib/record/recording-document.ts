import type { Destination } from './destination.ts';
import type { SourceArgument } from './source-argument.ts';

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
  const apiVersion = 'tapedeck.dev/v1alpha1';
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
    ...(destination.made === undefined
      ? []
      : [
          {
            apiVersion,
            kind: 'ExternalStorage',
            metadata: { name: destination.made.name, namespace },
            spec: destination.made.spec,
          },
        ]),
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

function sourceBlock(source: SourceArgument, secretName: string | undefined): object {
  if (source.type === 'TestCard') return { type: 'TestCard' };
  const stream =
    secretName === undefined ? { url: source.url } : { urlSecretRef: { name: secretName, key: 'url' } };
  return { type: 'Stream', stream };
}

/** `recording-20261121-090000-123`: two in the same second differ. */
function defaultName(now: Date): string {
  const [date = '', time = ''] = now.toISOString().split('T');
  return `recording-${date.replaceAll('-', '')}-${time.slice(0, 8).replaceAll(':', '')}-${time.slice(9, 12)}`;
}
