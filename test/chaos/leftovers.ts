import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { RecordingStatus } from '@tapedeck/core';
import type { Workbench } from '../e2e/workbench.ts';
import type { Destination } from './destination.ts';
import { processesOf } from './processes.ts';

/** What local mode keeps for good, beside SQLite's own files of the database. */
const kept = /^(tapedeck\.db(-wal|-shm)?|control\.(lock(-journal)?|log|sock)|fingerprint\.key|runs|scratch)$/;

/** Whatever an ending has left behind that it should not have; nothing, when all is well. */
export async function leftovers(
  bench: Workbench,
  place?: { readonly destination: Destination; readonly outputs: RecordingStatus['outputs'] },
): Promise<string[]> {
  const data = join(bench.directory, 'data');
  const processes = (await processesOf(bench.directory)).map(
    ({ pid, arguments: words }) => `process ${pid}: ${words.join(' ')}`,
  );
  const files = (await readdir(data)).filter((name) => !kept.test(name)).map((name) => `data/${name}`);
  const runs = (await list(join(data, 'runs'))).map((name) => `runs/${name}`);
  const scratch = (await list(join(data, 'scratch'))).map((name) => `scratch/${name}`);
  const expected = new Set((place?.outputs ?? []).map(({ key }) => key.split('/').at(-1)));
  const objects = ((await place?.destination.contents()) ?? []).filter((name) => !expected.has(name));
  return [...processes, ...files, ...runs, ...scratch, ...objects];
}

async function list(directory: string): Promise<string[]> {
  try {
    return await readdir(directory, { recursive: true });
  } catch {
    return []; // Never made, or gone with what was in it.
  }
}
