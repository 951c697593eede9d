import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { specVariable } from '@tapedeck/core';

/** A spec with a journal of 10,000 parts stays well below this. */
const maxSpecBytes = 16 * 1024 * 1024;

/** The one document that the launcher writes, up to its end. */
export async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxSpecBytes) throw new Error('the spec on standard input is longer than 16 MiB');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** A file that the launcher mounted. */
export function readSpecFile(path: string): Promise<string> {
  return readFile(path, 'utf8');
}

/** What the launcher put into the environment; it is taken out of it, for programs that are started from here on. */
export function readSpecEnvironment(env: Record<string, string | undefined> = process.env): string {
  let packed = '';
  for (let number = 1; env[specVariable(number)] !== undefined; number += 1) {
    packed += env[specVariable(number)];
    delete env[specVariable(number)];
  }
  if (packed === '') throw new Error(`there is no spec in ${specVariable(1)}`);
  return gunzipSync(Buffer.from(packed, 'base64'), { maxOutputLength: maxSpecBytes }).toString('utf8');
}
