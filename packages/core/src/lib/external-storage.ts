import { z } from 'zod';
import { keyPath } from './key-path.ts';
import {
  apiVersion,
  condition,
  duration,
  durationBetween,
  name,
  objectMeta,
  secretRef,
  stringMap,
} from './resource.ts';
import { unionRules, withRules } from './rule.ts';

/** The services that recordings can go to. `Local` is for local mode and tests. */
export const provider = z.enum(['S3', 'DigitalOcean', 'AzureBlob', 'GCS', 'SFTP', 'Local']);
export type Provider = z.infer<typeof provider>;

/** Which block of the spec belongs to which provider. */
export const providerBlocks = {
  S3: 's3',
  DigitalOcean: 'digitalOcean',
  AzureBlob: 'azureBlob',
  GCS: 'gcs',
  SFTP: 'sftp',
  Local: 'local',
} as const satisfies Record<Provider, string>;

const httpUrl = withRules(z.string().min(8).max(2048), [
  {
    cel: "self.matches('^https?://[^/@?#]+(/[^?#]*)?$')",
    message: 'must be an http or https URL without user info or query, like https://s3.example.com',
    holds: (url) => /^https?:\/\/[^/@?#]+(\/[^?#]*)?$/.test(url),
  },
]);

const encryption = withRules(
  z.object({
    type: z
      .enum(['None', 'S3', 'KMS', 'CustomerKey'])
      .describe(
        'None: as the bucket has it. S3: keys of the service. KMS: a key of KMS. CustomerKey: a key of yours.',
      ),
    keyId: z
      .string()
      .max(2048)
      .optional()
      .describe('Id, alias or ARN of the KMS key; absent: the default one.'),
    context: stringMap({ entries: 16, key: 128, value: 256 })
      .optional()
      .describe('Encryption context: the KMS key’s policy may ask for it, and its log shows it.'),
  }),
  [
    {
      cel: "!has(self.keyId) || self.type == 'KMS'",
      message: 'belongs to type: KMS only',
      holds: (value) => value.keyId === undefined || value.type === 'KMS',
      path: ['keyId'],
    },
    {
      cel: "!has(self.context) || self.type == 'KMS'",
      message: 'belongs to type: KMS only',
      holds: (value) => value.context === undefined || value.type === 'KMS',
      path: ['context'],
    },
  ],
);

const objectLock = z.object({
  mode: z
    .enum(['Governance', 'Compliance'])
    .describe('Governance: who has the right may lift it. Compliance: nobody may, not even the owner.'),
  retainFor: durationBetween('24h', '876000h').describe(
    'How long, from the moment the file is begun, e.g. 8760h for a year.',
  ),
});

const s3Block = z.object({
  bucket: z.string().min(3).max(255).describe('Name of the bucket.'),
  region: z
    .string()
    .max(64)
    .optional()
    .describe('Region, e.g. eu-central-1; absent: the endpoint’s, else the environment’s.'),
  endpoint: httpUrl.optional().describe('Address of an S3-compatible server; absent: AWS.'),
  forcePathStyle: z.boolean().optional().describe('Puts the bucket into the path instead of the host name.'),
  equalParts: z
    .boolean()
    .optional()
    .describe('The service wants all parts but the last of one size; absent: as known of the service.'),
  replaceParts: z
    .boolean()
    .optional()
    .describe(
      'The service takes a part again with other bytes; absent: as known of the service. Without it a file stays one of fragments.',
    ),
  assumeRole: z
    .object({
      arn: z.string().min(20).max(2048).describe('ARN of the role.'),
      externalId: z
        .string()
        .min(2)
        .max(1224)
        .optional()
        .describe('External id that the role’s trust policy asks for.'),
    })
    .optional()
    .describe('A role to take on before writing.'),
  encryption: encryption.optional().describe('Encryption at rest.'),
  storageClass: z.string().max(64).optional().describe('Storage class of the objects, e.g. STANDARD_IA.'),
  tags: stringMap({ entries: 10, key: 128, value: 256 })
    .optional()
    .describe('Tags of the objects; at most ten.'),
  objectLock: objectLock
    .optional()
    .describe('Keeps the objects from being deleted; the bucket must have Object Lock enabled.'),
  acl: z
    .enum(['BucketOwnerFullControl'])
    .optional()
    .describe('Hands the objects to the owner of a bucket that is another account’s and still uses ACLs.'),
});

const digitalOceanBlock = z.object({
  bucket: z.string().min(3).max(255).describe('Name of the Space.'),
  region: withRules(z.string().min(1).max(64), [
    {
      cel: "self.matches('^[A-Za-z0-9-]+$')",
      message: 'must be a region like fra1',
      holds: (region) => /^[A-Za-z0-9-]+$/.test(region),
    },
  ]).describe('Region of the Space, e.g. fra1.'),
  endpoint: httpUrl
    .optional()
    .describe('Address of a gateway in front of Spaces, or of a server for tests; absent: DigitalOcean’s.'),
});

const azureBlobBlock = z.object({
  account: withRules(z.string().min(3).max(24), [
    {
      cel: "self.matches('^[a-z0-9]+$')",
      message: 'must be the name of a storage account: small letters and digits only',
      holds: (account) => /^[a-z0-9]+$/.test(account),
    },
  ])
    .optional()
    .describe('Name of the storage account; not needed with a connection string.'),
  container: withRules(z.string().min(3).max(63), [
    {
      cel: "self.matches('^[a-z0-9]+(-[a-z0-9]+)*$')",
      message: 'must be the name of a container: small letters, digits and single dashes between them',
      holds: (container) => /^[a-z0-9]+(-[a-z0-9]+)*$/.test(container),
    },
  ]).describe('Name of the container.'),
  endpoint: httpUrl.optional().describe('Address of the blob service; absent: Azure’s public cloud.'),
});

const gcsBlock = z.object({
  bucket: z.string().min(3).max(222).describe('Name of the bucket.'),
  endpoint: httpUrl.optional().describe('Address of the storage API; absent: Google’s.'),
  upload: z
    .enum(['Multipart', 'Resumable'])
    .optional()
    .describe(
      'How recordings are written. Multipart (absent): in parts, the index in front. Resumable: one stream, the index at the end, for roles and endpoints without multipart uploads; needs a serviceAccount.',
    ),
});

const sftpBlock = z.object({
  host: z.string().min(1).max(253).describe('Host name or address of the server.'),
  port: z.int().min(1).max(65535).optional().describe('Port; absent: 22.'),
  hostKeys: z
    .array(z.string().max(16384))
    .max(16)
    .optional()
    .describe(
      'The server’s public keys: "ssh-ed25519 AAAA…", a line of known_hosts, or a fingerprint "SHA256:…".',
    ),
  trustOnFirstUse: z
    .boolean()
    .optional()
    .describe('Takes the key that the server shows first, and keeps to it for the whole recording.'),
  directory: z
    .string()
    .max(1024)
    .optional()
    .describe('Directory to write below; absent: where the login lands.'),
});

const localBlock = z.object({
  directory: z
    .string()
    .min(1)
    .max(4096)
    .describe('Directory to write below; a relative one is taken from where the command runs.'),
});

const credentials = withRules(
  z.object({
    secretRef: z
      .object(secretRef.shape)
      .optional()
      .describe('Secret with the keys that the provider asks for.'),
    serviceAccountName: name.optional().describe('ServiceAccount whose workload identity may write.'),
  }),
  [
    {
      cel: '!(has(self.secretRef) && has(self.serviceAccountName))',
      message: 'must name a Secret or a ServiceAccount, not both',
      holds: (value) => value.secretRef === undefined || value.serviceAccountName === undefined,
    },
  ],
);

export const externalStorageSpec = withRules(
  z.object({
    provider: provider.describe('The service; exactly the block that it names is present.'),
    s3: s3Block.optional().describe('Amazon S3 and every S3-compatible server.'),
    digitalOcean: digitalOceanBlock.optional().describe('DigitalOcean Spaces.'),
    azureBlob: azureBlobBlock.optional().describe('Azure Blob Storage.'),
    gcs: gcsBlock.optional().describe('Google Cloud Storage.'),
    sftp: sftpBlock.optional().describe('A server that speaks SFTP.'),
    local: localBlock.optional().describe('A directory of this machine: local mode and tests only.'),
    prefix: keyPath.optional().describe('Put before every key; absent or "/": the bucket’s root.'),
    credentials: credentials
      .optional()
      .describe('One of the two; absent: keyless (public policy, node identity).'),
    check: z
      .object({
        interval: durationBetween('1m', '168h')
          .optional()
          .describe('How often it is checked again; absent: 1h.'),
      })
      .optional()
      .describe('When the storage is tried out.'),
    suspend: z.boolean().optional().describe('Checks nothing and takes no new recordings while true.'),
  }),
  unionRules('provider', providerBlocks),
);
export type ExternalStorageSpec = z.infer<typeof externalStorageSpec>;

export const storageCapabilities = z.object({
  multipart: z.boolean().describe('Takes uploads in parts.'),
  rewriteFirstPart: z.boolean().describe('Takes part 1 again, so that the index comes to the front.'),
  read: z.boolean().describe('Lets us read what is there.'),
  list: z.boolean().describe('Lets us list what is there.'),
  delete: z.boolean().describe('Lets us delete what is there.'),
  signUrls: z.boolean().describe('Can make links that open without credentials.'),
});
export type StorageCapabilities = z.infer<typeof storageCapabilities>;

export const externalStorageStatus = z.object({
  observedGeneration: z.int().optional().describe('Generation of the spec that this is about.'),
  conditions: z
    .array(condition)
    .max(16)
    .optional()
    .describe('Ready, Reconciling, Stalled, Reachable, Authenticated, Writable.'),
  capabilities: storageCapabilities.optional().describe('What the last check proved.'),
  lastCheck: z
    .object({
      time: z.iso.datetime().max(64).describe('When it ended.'),
      duration: duration.describe('How long it took.'),
      request: z.string().max(256).optional().describe('Value of the annotation that asked for it.'),
      failures: z.int().optional().describe('Failed checks in a row, this one included.'),
      steps: z
        .array(
          z.object({
            name: z.string().max(64).describe('What was tried.'),
            passed: z.boolean().describe('Whether it worked.'),
            duration: duration.describe('How long it took.'),
            message: z
              .string()
              .max(1024)
              .describe('What went wrong; or of a step that passed, what is worth knowing.'),
          }),
        )
        .max(32)
        .describe('In order.'),
    })
    .optional()
    .describe('The last check.'),
  lastUpload: z.iso
    .datetime()
    .max(64)
    .optional()
    .describe('When a recording put something there; noted at most twice in a check interval.'),
  endpoint: z.string().max(2048).optional().describe('Where it really goes.'),
});
export type ExternalStorageStatus = z.infer<typeof externalStorageStatus>;

export const externalStorage = z.object({
  apiVersion: z.literal(apiVersion),
  kind: z.literal('ExternalStorage'),
  metadata: objectMeta,
  spec: externalStorageSpec.describe('The storage that is wanted.'),
  status: externalStorageStatus.optional().describe('What was found.'),
});
export type ExternalStorage = z.infer<typeof externalStorage>;
