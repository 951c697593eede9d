import { z } from 'zod';

const journalPart = z.object({
  number: z.int().positive(),
  offset: z.number(),
  size: z.number(),
  receipt: z.unknown(),
  /** Over its bytes, eight hex digits; of copies, which go on from it without reading the part again. */
  crc32: z.string().optional(),
});

/**
 * What another process needs to complete an upload: the driver's token, opaque and without secrets, and a
 * receipt per part. Made durable before the first part is sent; some hundred bytes plus a line a part.
 */
export const uploadJournal = z.object({
  version: z.literal(1),
  /** Name of the storage in the run spec. */
  storage: z.string(),
  key: z.string(),
  contentType: z.string(),
  token: z.unknown(),
  /** As the storage's last answers say. */
  parts: z.array(journalPart),
  /**
   * Puts on their way that were not answered (yet), with the receipts they will have had if they arrived; of one
   * part the newest first. Absent where there are none, or where the storage's receipts cannot be told before.
   */
  pending: z.array(journalPart).optional(),
});
export type UploadJournal = z.infer<typeof uploadJournal>;

export const runFileState = z.enum(['Open', 'Complete']);

/** How a live source is known again that an attempt was recording. */
export const sourceEnd = z.object({
  /** When the last of it was recorded, ISO 8601. */
  time: z.string(),
  /** Checksums of the source's key frames, at their place in the file. */
  marks: z.array(z.object({ mark: z.string(), seconds: z.number() })),
});
export type SourceEnd = z.infer<typeof sourceEnd>;

/** One object that a run writes, or that an earlier run left. */
export const runFile = z.object({
  /** Place in the split recording, from 1. Attempts that continue a segment share its number. */
  segment: z.int().positive(),
  /** Which attempt wrote it, from 1. */
  attempt: z.int().positive(),
  /** Without the storage's prefix. */
  key: z.string(),
  storage: z.string(),
  state: runFileState,
  bytes: z.number(),
  durationSeconds: z.number(),
  /** While Open: media that the storage holds, all that is left of the file should its run and its scratch be lost now. */
  heldSeconds: z.number().optional(),
  /** Of a file that joins several attempts: how much of it each of them recorded, in order. */
  pieces: z.array(z.object({ attempt: z.int().positive(), durationSeconds: z.number() })).optional(),
  /** Of the file that is written last, where the source is one whose past can be fetched (HLS). */
  sourceEnd: sourceEnd.optional(),
  /** Keys in the same storage that this file took the place of and that are still to be deleted. */
  replaces: z.array(z.string()).optional(),
  /** CRC-32 over the whole object as eight hex digits, once complete. */
  crc32: z.string().optional(),
  /** Where it can be found by a person: s3://bucket/key, file:///… */
  url: z.string().optional(),
  /** Present while Open. */
  journal: uploadJournal.optional(),
  /** Uploads of it in storages that were left for another one, and that nobody has dropped yet. */
  dropped: z.array(uploadJournal).optional(),
  /** Which of several equal files in different storages it is, from 1; absent where there is one. */
  copy: z.int().positive().optional(),
  /** Of a file that a RecordingCopy makes: which version of which object it is read from. */
  copyOf: z.object({ storage: z.string(), key: z.string(), etag: z.string().optional() }).optional(),
});
export type RunFile = z.infer<typeof runFile>;
