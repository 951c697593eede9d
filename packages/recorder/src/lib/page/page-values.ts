import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type RunCredentials, TapedeckError } from '@tapedeck/core';
import { pageProblem } from './page-problem.ts';
import type { PageSpec, PageValues } from './page-tab.ts';

/**
 * The headers, cookies and items of a page, out of the spec or the mounted Secrets. Rejects with `InvalidSource` what cannot
 * be read, and what no browser takes.
 */
export async function readPageValues(spec: PageSpec): Promise<PageValues> {
  const [headers, cookies, localStorage] = await Promise.all(
    [spec.headers, spec.cookies, spec.localStorage].map(readValues),
  );
  const values = { headers: headers ?? {}, cookies: cookies ?? {}, localStorage: localStorage ?? {} };
  const problem = pageProblem(spec, values);
  if (problem !== undefined) throw new TapedeckError('InvalidSource', problem);
  return values;
}

async function readValues(from: RunCredentials): Promise<Readonly<Record<string, string>>> {
  if (from.type === 'None') return {};
  if (from.type === 'Inline') return from.values;
  try {
    // What begins with a dot is the kubelet's.
    const names = (await readdir(from.path)).filter((name) => !name.startsWith('.'));
    const entries = names.map(async (name) => [name, (await readFile(join(from.path, name), 'utf8')).trim()]);
    return Object.fromEntries(await Promise.all(entries));
  } catch (cause) {
    throw new TapedeckError(
      'InvalidSource',
      'The Secret of the page’s headers, cookies or items cannot be read.',
      {
        cause,
      },
    );
  }
}
