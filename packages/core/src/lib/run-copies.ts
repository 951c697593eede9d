import type { RunFile } from './run-file.ts';

/**
 * The files that count: of several copies of a recording those of the fullest, the earlier where they are equal. What
 * has no copies counts in any case.
 */
export function countedFiles<T extends Pick<RunFile, 'copy' | 'durationSeconds'>>(
  files: readonly T[],
): readonly T[] {
  const seconds = new Map<number, number>();
  for (const { copy, durationSeconds } of files) {
    if (copy !== undefined) seconds.set(copy, (seconds.get(copy) ?? 0) + durationSeconds);
  }
  const [first] = [...seconds].sort(([a, long], [b, short]) => short - long || a - b);
  return first === undefined ? files : files.filter(({ copy }) => copy === undefined || copy === first[0]);
}
