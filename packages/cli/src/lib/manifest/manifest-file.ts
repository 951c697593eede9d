import { readFile, stat } from 'node:fs/promises';
import { checkManifest, problemLine, type Resource, TapedeckError } from '@tapedeck/core';
import { type Document, LineCounter, parseAllDocuments } from 'yaml';
import { lineOfPath } from './manifest-line.ts';

/** Manifests are written by people; a file above this is another kind of file. */
const maxFileBytes = 4 * 1024 * 1024;

/**
 * Every resource of the files, in order; `-` is standard input. Rejects with `InvalidManifest` that lists every
 * problem of every file with its line, or with `NotFound` where a file is not there.
 */
export async function readManifests(
  paths: readonly string[],
  stdin: NodeJS.ReadableStream,
): Promise<readonly Resource[]> {
  const resources: Resource[] = [];
  const problems: string[] = [];
  for (const path of paths) {
    const text = path === '-' ? await readStream(stdin) : await readText(path);
    const read = parseManifests(text, path === '-' ? 'stdin' : path);
    resources.push(...read.resources);
    problems.push(...read.problems);
  }
  if (problems.length > 0) throw new TapedeckError('InvalidManifest', problems.join('\n'));
  if (resources.length === 0) {
    throw new TapedeckError('InvalidManifest', `${paths.join(', ')}: there is no resource in it`);
  }
  return resources;
}

/** The resources of one text, and a line for each problem: `file:12: spec.storge: unknown key; …`. */
export function parseManifests(
  text: string,
  file: string,
): { readonly resources: readonly Resource[]; readonly problems: readonly string[] } {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, prettyErrors: false });
  const resources: Resource[] = [];
  const problems: string[] = [];
  for (const document of Array.isArray(documents) ? documents : []) {
    for (const error of document.errors) {
      const { line, col } = lines.linePos(error.pos[0]);
      problems.push(`${file}:${line}:${col}: not YAML: ${error.message}`);
    }
    if (document.errors.length > 0) continue;
    const read = checkDocument(document, file, lines);
    resources.push(...read.resources);
    problems.push(...read.problems);
  }
  return { resources, problems };
}

function checkDocument(
  document: Document,
  file: string,
  lines: LineCounter,
): { readonly resources: readonly Resource[]; readonly problems: readonly string[] } {
  let value: unknown;
  try {
    value = document.toJS();
  } catch (error) {
    // Aliases that would grow beyond all bounds.
    const line = lines.linePos(document.range?.[0] ?? 0).line;
    return {
      resources: [],
      problems: [`${file}:${line}: not YAML: ${error instanceof Error ? error.message : ''}`],
    };
  }
  // A document of nothing but comments.
  if (value === null) return { resources: [], problems: [] };
  const items = listItems(value);
  const resources: Resource[] = [];
  const problems: string[] = [];
  for (const [index, item] of (items ?? [value]).entries()) {
    const base = items === undefined ? '' : `items[${index}]`;
    const checked = checkManifest(item);
    if (checked.resource !== undefined) resources.push(checked.resource);
    for (const problem of checked.problems) {
      const path = [base, problem.path].filter((part) => part !== '').join('.');
      problems.push(`${file}:${lineOfPath(document, path, lines)}: ${problemLine({ ...problem, path })}`);
    }
  }
  return { resources, problems };
}

/** What `get -o yaml` prints for several. */
function listItems(value: unknown): readonly unknown[] | undefined {
  if (typeof value !== 'object' || value === null || !('kind' in value) || value.kind !== 'List')
    return undefined;
  return 'items' in value && Array.isArray(value.items) ? value.items : [];
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > maxFileBytes) {
      throw new TapedeckError('InvalidManifest', `${path}: ${size} bytes is too much for a manifest`);
    }
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof TapedeckError) throw cause;
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOENT') throw new TapedeckError('NotFound', `${path}: there is no such file`, { cause });
    throw new TapedeckError('InvalidManifest', `${path}: cannot be read (${String(code)})`, { cause });
  }
}

async function readStream(stdin: NodeJS.ReadableStream): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdin) {
    const buffer = Buffer.from(chunk);
    bytes += buffer.length;
    if (bytes > maxFileBytes) throw new TapedeckError('InvalidManifest', 'stdin: too much for a manifest');
    chunks.push(buffer);
  }
  return Buffer.concat(chunks).toString('utf8');
}
