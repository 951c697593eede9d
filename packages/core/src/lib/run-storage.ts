import { z } from 'zod';
import { externalStorageSpec } from './external-storage.ts';

/** Credentials as the recorder gets them: in the spec itself (local mode, over stdin only) or as mounted files. */
export const runCredentials = z.discriminatedUnion('type', [
  z.object({ type: z.literal('None') }),
  z.object({ type: z.literal('Inline'), values: z.record(z.string(), z.string()) }),
  z.object({ type: z.literal('Directory'), path: z.string() }),
]);
export type RunCredentials = z.infer<typeof runCredentials>;

/** The most storages that a run may record to. */
export const maxRunStorages = 4;

export const runStorage = z.object({
  name: z.string(),
  spec: externalStorageSpec,
  /** Of the ExternalStorage that the spec is of, given back in reports: what is said about an older one may be untrue by now. */
  generation: z.int().optional(),
  credentials: runCredentials,
});
export type RunStorage = z.infer<typeof runStorage>;
