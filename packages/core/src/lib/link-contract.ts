import { z } from 'zod';
import { runStorage } from './run-storage.ts';

/** Longest life of a link in seconds: a signature of AWS's version 4 counts for seven days, and Google's and Azure's follow it. */
export const maxLinkSeconds = 7 * 24 * 60 * 60;

/** Download links that are wanted, made by the program that writes the objects, with the same identity. */
export const linkSpec = z.object({
  version: z.literal(1),
  id: z.string(),
  storage: runStorage,
  /** Of the objects, prefix included. */
  keys: z.array(z.string().min(1)).min(1).max(1024),
  expiresInSeconds: z.int().min(1).max(maxLinkSeconds),
});
export type LinkSpec = z.infer<typeof linkSpec>;

/**
 * What `recorder link` prints, as one line of JSON. Whoever has a signed link has the object: it is shown to who asked
 * and kept nowhere.
 */
export const linkReport = z.object({
  version: z.literal(1),
  id: z.string(),
  /** One a key, in order; none where `error` is there. */
  links: z.array(
    z.object({
      key: z.string(),
      /** Signed: opens for whoever has it, until `expires`. Public: the object's address, open to all. File: a path of this machine. */
      type: z.enum(['Signed', 'Public', 'File']),
      url: z.string(),
      expires: z.string().optional(),
    }),
  ),
  /** What to know about them, for people. */
  notes: z.array(z.string()),
  /** Why there are none, and what to do instead. */
  error: z.object({ code: z.string(), message: z.string() }).optional(),
});
export type LinkReport = z.infer<typeof linkReport>;
