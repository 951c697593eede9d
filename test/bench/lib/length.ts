import { parseArgs } from 'node:util';

/** Seconds that a benchmark records, or what `--seconds` says for a quick look (then startup weighs more). */
export function benchSeconds(usual: number): number {
  const { values } = parseArgs({ options: { seconds: { type: 'string' } }, strict: false });
  const asked = Number(values.seconds ?? usual);
  if (!(asked > 0)) throw new Error(`--seconds ${String(values.seconds)}: not a number of seconds`);
  return asked;
}
