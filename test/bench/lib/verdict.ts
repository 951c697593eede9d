/** One number of a benchmark. */
export interface Measure {
  readonly name: string;
  readonly value: number;
  /** As printed: `x`, `MiB`, `s`, `% of a core`. */
  readonly unit: string;
  /** The most it may be; absent: printed for information only. */
  readonly most?: number;
}

/** Prints the numbers, one a line, and says whether all of them are reached. */
export function judge(measures: readonly Measure[], write: (text: string) => void = printLine): boolean {
  const width = Math.max(...measures.map(({ name }) => name.length));
  for (const { name, value, unit, most } of measures) {
    const number = `${name.padEnd(width)}  ${shown(value).padStart(9)} ${unit}`;
    if (most === undefined) write(`  ${number}`);
    else write(`${isReached(value, most) ? '✓' : '✗'} ${number} (≤ ${shown(most)})`);
  }
  return measures.every(({ value, most }) => most === undefined || isReached(value, most));
}

/** What was not measured is not reached. */
function isReached(value: number, most: number): boolean {
  return Number.isFinite(value) && value <= most;
}

function shown(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) < 10 ? 3 : 1);
}

function printLine(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** The value below which that share of the samples lies, by nearest rank; NaN of no samples. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

export function median(samples: readonly number[]): number {
  return percentile(samples, 0.5);
}
