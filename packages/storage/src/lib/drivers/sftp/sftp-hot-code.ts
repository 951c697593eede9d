import { setFlagsFromString } from 'node:v8';

const OPTION = '--invocation-count-for-maglev=';
/** A GiB is 32,768 packets. */
const CALLS = 2_000;

/**
 * Has what is done for each packet compiled by the first of V8's optimizing compilers, in a process whose options put that
 * off for the sake of its memory. It takes a ninth of the CPU off an upload of 1 GiB, and 3 MiB.
 */
export function compileHotCode(options: readonly string[] = process.execArgv): void {
  if (options.some((option) => option.startsWith(OPTION))) setFlagsFromString(`${OPTION}${CALLS}`);
}
