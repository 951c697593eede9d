import type { ExternalStorageSpec } from '../external-storage.ts';
import { normalizePrefix } from '../prefix.ts';
import {
  type PolicyRequest,
  paragraphs,
  quoted,
  refuseIdentity,
  type StoragePolicy,
  type StorageRight,
} from './policy-request.ts';

type GcsBlock = NonNullable<ExternalStorageSpec['gcs']> & { readonly upload?: string | undefined };

/**
 * Permissions by call: https://cloud.google.com/storage/docs/access-control/iam-xml and …/iam-json. Deleting is also what
 * replacing an object needs.
 */
export function gcsPolicy(request: PolicyRequest): StoragePolicy {
  refuseIdentity(request, ['keys', 'service-account', 'keyless']);
  const { spec, rights } = request;
  const gcs: GcsBlock | undefined = spec.gcs;
  const has = (...asked: readonly StorageRight[]) => asked.some((each) => rights.includes(each));
  const inParts = gcs?.upload !== 'Resumable';
  const ofObjects = [
    'storage.objects.create',
    ...(inParts
      ? [
          'storage.multipartUploads.create',
          'storage.multipartUploads.abort',
          'storage.multipartUploads.listParts',
        ]
      : []),
    ...(has('read', 'links') ? ['storage.objects.get'] : []),
    ...(has('delete') ? ['storage.objects.delete'] : []),
  ];
  const document = {
    title: 'Tapedeck recorder',
    description: 'Writes recordings as objects.',
    stage: 'GA',
    includedPermissions: has('list') ? [...ofObjects, 'storage.objects.list'] : ofObjects,
  };
  const bucket = gcs?.bucket ?? '';
  const bind = `gcloud storage buckets add-iam-policy-binding ${quoted(`gs://${bucket}`)} --member="$member"`;
  const role = (id: string) => `projects/PROJECT_ID/roles/${id}`;
  return {
    document,
    text: paragraphs(
      memberText(request),
      [
        '# A role that may write objects. The simple way is the built-in role roles/storage.objectCreator, which may do no',
        '# more than the least of these either.',
        `gcloud iam roles create tapedeckRecorder --project=PROJECT_ID --title='Tapedeck recorder' --permissions=${ofObjects.join(',')}`,
        `${bind} --role=${role('tapedeckRecorder')}${pathCondition(bucket, spec.prefix)}`,
      ].join('\n'),
      has('list') &&
        [
          '# Listing is asked of the bucket, so that no condition on names limits it.',
          "gcloud iam roles create tapedeckLister --project=PROJECT_ID --title='Tapedeck lister' --permissions=storage.objects.list",
          `${bind} --role=${role('tapedeckLister')}`,
        ].join('\n'),
      has('links') &&
        request.identity !== 'keys' &&
        [
          '# Without a key of its own it has Google sign its links.',
          'gcloud iam service-accounts add-iam-policy-binding ACCOUNT@PROJECT_ID.iam.gserviceaccount.com --member="$member" --role=roles/iam.serviceAccountTokenCreator',
        ].join('\n'),
    ),
    notes: [
      'Replace the words in capitals.',
      ...(normalizePrefix(spec.prefix) === ''
        ? []
        : ['A condition needs uniform bucket-level access on the bucket.']),
    ],
  };
}

/** Who gets the role. */
function memberText({ spec, namespace, identity }: PolicyRequest): string {
  if (identity === 'service-account') {
    const name = spec.credentials?.serviceAccountName ?? 'SERVICE_ACCOUNT';
    return [
      "# The recorder's ServiceAccount itself (workload identity federation for GKE).",
      `member=principal://iam.googleapis.com/projects/PROJECT_NUMBER/locations/global/workloadIdentityPools/PROJECT_ID.svc.id.goog/subject/ns/${namespace}/sa/${name}`,
    ].join('\n');
  }
  const create =
    identity === 'keys'
      ? [
          '# A service account; its key file is serviceAccount of the Secret.',
          'gcloud iam service-accounts create tapedeck --project=PROJECT_ID',
          'gcloud iam service-accounts keys create tapedeck-key.json --iam-account=tapedeck@PROJECT_ID.iam.gserviceaccount.com',
          'member=serviceAccount:tapedeck@PROJECT_ID.iam.gserviceaccount.com',
        ]
      : [
          '# The service account of the machine that records.',
          'member=serviceAccount:ACCOUNT@PROJECT_ID.iam.gserviceaccount.com',
        ];
  return create.join('\n');
}

/** https://cloud.google.com/iam/docs/conditions-resource-attributes#resource-name */
function pathCondition(bucket: string, prefix: string | undefined): string {
  const normal = normalizePrefix(prefix);
  if (normal === '') return '';
  const start = JSON.stringify(`projects/_/buckets/${bucket}/objects/${normal}/`);
  const expression = `resource.name.startsWith(${start})`;
  const delimiter = delimiterFor(expression);
  return ` --condition=${quoted(`^${delimiter}^title=tapedeck${delimiter}expression=${expression}`)}`;
}

/**
 * gcloud cuts such an argument at its commas, and a prefix may have some; any other delimiter can be named, which must not
 * be in a value: https://cloud.google.com/sdk/gcloud/reference/topic/escaping
 */
function delimiterFor(value: string): string {
  let delimiter = ':';
  while (value.includes(delimiter)) delimiter += ':';
  return delimiter;
}
