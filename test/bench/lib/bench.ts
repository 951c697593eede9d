import { judge, type Measure } from './verdict.ts';

/** Whatever was started, ended in reverse order. */
export type After = (release: () => Promise<void>) => void;

/** Long enough for any of them on two busy cores; what takes longer hangs. */
const mostMinutes = 20;

/** Runs one benchmark, prints its numbers, and sets the exit code to 1 when one of them is missed. */
export async function runBench(
  title: string,
  measure: (after: After) => Promise<readonly Measure[]>,
): Promise<void> {
  const releases: (() => Promise<void>)[] = [];
  const release = async () => {
    for (let next = releases.pop(); next !== undefined; next = releases.pop()) {
      await next().catch((error: unknown) => process.stderr.write(`${String(error)}\n`));
    }
  };
  const giveUp = () => void release().finally(() => process.exit(1));
  const timer = setTimeout(() => {
    process.stderr.write(`${title}: not done after ${mostMinutes} min\n`);
    giveUp();
  }, mostMinutes * 60_000);
  process.once('SIGINT', giveUp).once('SIGTERM', giveUp);
  process.stdout.write(`${title}\n`);
  try {
    const measures = await measure((one) => releases.push(one));
    if (!judge(measures)) process.exitCode = 1;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
    process.exitCode = 1;
  } finally {
    clearTimeout(timer);
    await release();
    process.off('SIGINT', giveUp).off('SIGTERM', giveUp);
  }
}
