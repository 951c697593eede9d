import type { z } from 'zod';
import { TapedeckError } from './error.ts';
import { type ExternalStorage, externalStorage } from './external-storage.ts';
import { issueMessage, type ManifestProblem, pathText, valueAt } from './manifest-problem.ts';
import { nearestName } from './nearest.ts';
import { type Recording, recording } from './recording.ts';
import { type RecordingCopy, recordingCopy } from './recording-copy.ts';
import { type RecordingProfile, recordingProfile } from './recording-profile.ts';
import { apiVersion } from './resource.ts';
import { type Secret, secret } from './secret.ts';
import { unknownKeys } from './unknown-key.ts';

/** Every kind that a manifest may hold, with its schema. */
export const resourceSchemas = {
  ExternalStorage: externalStorage,
  Recording: recording,
  RecordingProfile: recordingProfile,
  RecordingCopy: recordingCopy,
  Secret: secret,
} as const;
export type ResourceKind = keyof typeof resourceSchemas;

export type Resource = ExternalStorage | Recording | RecordingProfile | RecordingCopy | Secret;

/** What is offered to whoever named none or another: not what nothing carries out yet. */
const kinds = Object.keys(resourceSchemas);

function isKind(kind: unknown): kind is ResourceKind {
  return typeof kind === 'string' && Object.hasOwn(resourceSchemas, kind);
}

/**
 * One document of a manifest as a resource, strictly: an unknown key at any depth, a missing one, a wrong type or a
 * broken rule is a problem, and all of them are found at once. A `status` is dropped, as an API server does.
 * Defaults are not filled in; see `resolveRecording`.
 */
export function checkManifest(
  document: unknown,
):
  | { readonly resource: Resource; readonly problems: readonly [] }
  | { readonly resource?: undefined; readonly problems: readonly ManifestProblem[] } {
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    return {
      problems: [
        { path: '', message: 'the document must be a map with apiVersion, kind, metadata and spec' },
      ],
    };
  }
  const kind = valueAt(document, ['kind']);
  if (!isKind(kind)) return { problems: [kindProblem(kind)] };
  const schema: z.ZodType<Resource> = resourceSchemas[kind];
  const { status: _, ...wanted } = document as Readonly<Record<string, unknown>>;
  const parsed = schema.safeParse(wanted);
  const problems = [
    ...unknownKeys(schema, wanted),
    ...(parsed.error?.issues ?? []).map((issue) => ({
      path: pathText(issue.path),
      message: issueMessage(issue, wanted),
    })),
  ];
  if (parsed.success && problems.length === 0) return { resource: parsed.data, problems: [] };
  return { problems };
}

/** Like `checkManifest`, but rejects with one `InvalidManifest` error that lists every problem on a line of its own. */
export function parseManifest(document: unknown): Resource {
  const { resource, problems } = checkManifest(document);
  if (resource !== undefined) return resource;
  const lines = problems.map(problemLine);
  const title = titleOf(document);
  throw new TapedeckError(
    'InvalidManifest',
    lines.length === 1
      ? `${title}: ${lines[0]}`
      : `${title}: ${lines.length} problems\n${lines.map((line) => `  ${line}`).join('\n')}`,
  );
}

/** `spec.storge: unknown key; did you mean spec.storage?` · `spec.maxDuration must be between 60s and 24h` */
export function problemLine({ path, message }: ManifestProblem): string {
  if (path === '') return message;
  return /^(must|may|is|belongs) /.test(message) ? `${path} ${message}` : `${path}: ${message}`;
}

function kindProblem(kind: unknown): ManifestProblem {
  if (kind === undefined) return { path: 'kind', message: `is required: one of ${kinds.join(', ')}` };
  if (typeof kind !== 'string') return { path: 'kind', message: 'must be text' };
  const near = nearestName(kind, kinds);
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  return {
    path: 'kind',
    message: `must be one of ${kinds.join(', ')} (${apiVersion}; Secret: v1), not "${kind.slice(0, 64)}"${hint}`,
  };
}

function titleOf(document: unknown): string {
  const kind = valueAt(document, ['kind']);
  const name = valueAt(document, ['metadata', 'name']);
  const word = isKind(kind) ? kind : 'manifest';
  return typeof name === 'string' ? `${word} "${name.slice(0, 253)}"` : word;
}
