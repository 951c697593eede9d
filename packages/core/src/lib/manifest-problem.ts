import type { z } from 'zod';
import { nearestName } from './nearest.ts';

/** One thing that is wrong with a manifest: where, and a sentence without the where. */
export interface ManifestProblem {
  /** `spec.storage.refs[0].name`; empty for the document itself. */
  readonly path: string;
  readonly message: string;
}

export function pathText(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    const word = String(key);
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(word)) return `${text}["${word.slice(0, 64)}"]`;
    return text === '' ? word : `${text}.${word}`;
  }, '');
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  object: 'a map of fields',
  record: 'a map of fields',
  array: 'a list',
};

function kindOf(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  return typeNames[typeof value] ?? typeof value;
}

/** The value at a path of a document; undefined where the path leads nowhere. */
export function valueAt(document: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === 'object' && value !== null
        ? (value as Readonly<Record<PropertyKey, unknown>>)[key]
        : undefined,
    document,
  );
}

function bound(origin: string, word: string, limit: number | bigint): string {
  if (origin === 'string') return `must be ${word} ${limit} characters long`;
  if (origin === 'array') return `must have ${word} ${limit} ${Number(limit) === 1 ? 'entry' : 'entries'}`;
  return `must be ${word} ${limit}`;
}

/** What is wrong, for people. Values are shown only where they come from a closed list: others may be secret. */
export function issueMessage(issue: z.core.$ZodIssue, document: unknown): string {
  const value = valueAt(document, issue.path);
  switch (issue.code) {
    case 'invalid_type':
      if (value === undefined) return 'is required';
      return `must be ${typeNames[issue.expected] ?? issue.expected}, not ${kindOf(value)}`;
    case 'invalid_value': {
      const allowed = issue.values.map(String);
      if (value === undefined) return 'is required';
      if (typeof value !== 'string') return `must be one of ${allowed.join(', ')}, not ${kindOf(value)}`;
      const near = nearestName(value, allowed);
      const list = allowed.length === 1 ? `must be ${allowed[0]}` : `must be one of ${allowed.join(', ')}`;
      const hint = near === undefined || allowed.length === 1 ? '' : `; did you mean ${near}?`;
      return `${list}, not "${value.slice(0, 64)}"${hint}`;
    }
    case 'too_big':
      return bound(issue.origin, 'at most', issue.maximum);
    case 'too_small':
      if (issue.origin === 'string' && issue.minimum === 1) return 'must not be empty';
      return bound(issue.origin, 'at least', issue.minimum);
    case 'invalid_key':
      return 'is too long for a key';
    case 'custom':
    case 'invalid_format':
      return issue.message;
    default:
      return issue.message.toLowerCase();
  }
}
