import { readFile } from 'node:fs/promises';
import { processesOf, type Role } from './processes.ts';

export const mebibyte = 1024 * 1024;

/** Memory of a process in bytes: what it has now, and the most it ever had. */
export interface Memory {
  readonly now: number;
  readonly peak: number;
}

/** Undefined while there is no process of that role. */
export async function memoryOf(directory: string, role: Role): Promise<Memory | undefined> {
  const found = (await processesOf(directory)).find((each) => each.role === role);
  const text = await readFile(`/proc/${found?.pid}/status`, 'utf8').catch(() => '');
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024;
  return text.includes('VmRSS:') ? { now: field('VmRSS'), peak: field('VmHWM') } : undefined;
}
