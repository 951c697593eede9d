import { z } from 'zod';
import { runSpec } from './run-contract.ts';
import { runFile } from './run-file.ts';
import { maxRunStorages, runStorage } from './run-storage.ts';

/** One file that a copy makes. */
export const copyFile = z.object({
  segment: z.int().positive(),
  /** Of the copy, without the storage's prefix. */
  key: z.string(),
  durationSeconds: z.number(),
  /** Objects with the same content, in the order in which reading them is tried. */
  sources: z
    .array(
      z.object({
        storage: z.string(),
        /** Without the storage's prefix. */
        key: z.string(),
        bytes: z.number(),
        /** Absent of a file that was completed for a run that was killed. */
        crc32: z.string().optional(),
      }),
    )
    .min(1)
    .max(maxRunStorages),
});
export type CopyFile = z.infer<typeof copyFile>;

/** The most storages of a copy: one that is copied to, and all that a recording may be in. */
export const maxCopyStorages = maxRunStorages + 1;

/** A run that copies finished files to another storage. It reports like one that records: its files are the copies. */
export const copySpec = z.object({
  version: z.literal(1),
  mode: z.literal('Copy'),
  /** Unique per attempt: `<uid>-<attempt>`, of the copy's own uid. */
  id: z.string(),
  copy: z.object({ namespace: z.string(), name: z.string(), uid: z.string() }),
  attempt: z.int().positive(),
  /** Name of the storage that is copied to. */
  target: z.string(),
  /** The target and all that is read from. */
  storages: z.array(runStorage).min(1).max(maxCopyStorages),
  files: z.array(copyFile).min(1).max(1024),
  /** What earlier attempts made of them: what is complete stays, an open upload is gone on with. */
  previous: z.array(runFile),
  /** `Stopped`: the copy is not wanted any more, and unfinished uploads are dropped. */
  desired: z.enum(['Recording', 'Stopped']),
  report: runSpec.shape.report,
  resultFile: runSpec.shape.resultFile,
  terminationFile: runSpec.shape.terminationFile,
});
export type CopySpec = z.infer<typeof copySpec>;

/** Any document that `recorder run` reads. */
export const runDocument = z.discriminatedUnion('mode', [runSpec, copySpec]);
export type RunDocument = z.infer<typeof runDocument>;
