import { z } from 'zod';
import { condition, duration, name, objectMeta } from './resource.ts';

/** The services that recordings can go to. `Local` is for local mode and tests. */
export const provider = z.enum(['S3', 'DigitalOcean', 'AzureBlob', 'GCS', 'SFTP', 'Local']);
export type Provider = z.infer<typeof provider>;

const s3Block = z.object({
  bucket: z.string().min(3).max(255),
  region: z.string().max(64).optional(),
  endpoint: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .optional(),
  forcePathStyle: z.boolean().optional(),
  equalParts: z.boolean().optional(),
  assumeRole: z
    .object({ arn: z.string().min(20).max(2048), externalId: z.string().min(2).max(1224).optional() })
    .optional(),
  encryption: z
    .object({
      type: z.enum(['None', 'S3', 'KMS', 'CustomerKey']),
      keyId: z.string().max(2048).optional(),
    })
    .optional(),
  storageClass: z.string().max(64).optional(),
  tags: z.record(z.string().max(128), z.string().max(256)).optional(),
});

const digitalOceanBlock = z.object({ bucket: z.string().min(3).max(255), region: z.string().max(64) });

const azureBlobBlock = z.object({
  account: z.string().min(3).max(24).optional(),
  container: z.string().min(3).max(63),
  endpoint: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .optional(),
});

const gcsBlock = z.object({
  bucket: z.string().min(3).max(222),
  endpoint: z
    .url({ protocol: /^https?$/ })
    .max(2048)
    .optional(),
});

const sftpBlock = z.object({
  host: z.string().min(1).max(253),
  port: z.int().min(1).max(65535).optional(),
  hostKeys: z.array(z.string().max(16384)).max(16).optional(),
  trustOnFirstUse: z.boolean().optional(),
  directory: z.string().max(1024).optional(),
});

const localBlock = z.object({ directory: z.string().min(1).max(4096) });

export const externalStorageSpec = z.object({
  provider,
  s3: s3Block.optional(),
  digitalOcean: digitalOceanBlock.optional(),
  azureBlob: azureBlobBlock.optional(),
  gcs: gcsBlock.optional(),
  sftp: sftpBlock.optional(),
  local: localBlock.optional(),
  prefix: z.string().max(512).optional(),
  credentials: z
    .object({
      secretRef: z.object({ name }).optional(),
      serviceAccountName: name.optional(),
    })
    .optional(),
  check: z.object({ interval: duration.optional() }).optional(),
  suspend: z.boolean().optional(),
});
export type ExternalStorageSpec = z.infer<typeof externalStorageSpec>;

export const storageCapabilities = z.object({
  multipart: z.boolean(),
  rewriteFirstPart: z.boolean(),
  read: z.boolean(),
  list: z.boolean(),
  delete: z.boolean(),
  signUrls: z.boolean(),
});

export const externalStorageStatus = z.object({
  observedGeneration: z.int().optional(),
  conditions: z.array(condition).max(16).optional(),
  capabilities: storageCapabilities.optional(),
  lastCheck: z
    .object({
      time: z.iso.datetime(),
      duration: duration,
      steps: z
        .array(
          z.object({
            name: z.string().max(64),
            passed: z.boolean(),
            duration: duration,
            message: z.string().max(1024),
          }),
        )
        .max(32),
    })
    .optional(),
  endpoint: z.string().max(2048).optional(),
});
export type ExternalStorageStatus = z.infer<typeof externalStorageStatus>;

export const externalStorage = z.object({
  apiVersion: z.literal('tapedeck.dev/v1alpha1'),
  kind: z.literal('ExternalStorage'),
  metadata: objectMeta,
  spec: externalStorageSpec,
  status: externalStorageStatus.optional(),
});
export type ExternalStorage = z.infer<typeof externalStorage>;
