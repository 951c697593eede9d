import { z } from 'zod';
import { storageCapabilities } from './external-storage.ts';
import { runStorage } from './run-storage.ts';

/** A storage check, run by the same program with the same mounts and identity as a recording. */
export const checkSpec = z.object({
  version: z.literal(1),
  id: z.string(),
  storage: runStorage,
  /** As for a run: the report goes there too. */
  terminationFile: z.string().optional(),
});
export type CheckSpec = z.infer<typeof checkSpec>;

/** What `recorder check` prints, as one line of JSON, and writes into its termination file. */
export const checkReport = z.object({
  version: z.literal(1),
  id: z.string(),
  time: z.string(),
  durationSeconds: z.number(),
  /** May recordings go there? */
  ready: z.boolean(),
  /** `Ready`, or the ErrorCode of the first step that failed. */
  reason: z.string(),
  message: z.string(),
  /** In order; steps after a failed one that depend on it are left out. */
  steps: z.array(
    z.object({
      /**
       * Configure, Resolve, Connect, TLS, Authenticate, Bucket, Region, Write, Multipart, RewriteFirstPart, Read, List, Delete,
       * Sign, KMS, ClockSkew. One that has no meaning for the storage is left out (a directory has no TLS).
       */
      name: z.string(),
      passed: z.boolean(),
      /** A failed optional step only takes a capability away. */
      required: z.boolean(),
      durationSeconds: z.number(),
      /** What went wrong; of a step that passed, what is worth knowing, mostly nothing. */
      message: z.string(),
    }),
  ),
  capabilities: storageCapabilities,
  endpoint: z.string().optional(),
});
export type CheckReport = z.infer<typeof checkReport>;
