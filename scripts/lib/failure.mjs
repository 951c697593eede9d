/**
 * The `code` of a failed system call, if that is what was thrown.
 * @param {unknown} error
 */
export const systemCode = (error) =>
  error instanceof Error && 'code' in error ? String(error.code) : undefined;

/** A step that went wrong, in one sentence for a person: what failed and what to do. Shown without a stack. */
export class Failure extends Error {}

/**
 * Runs a script's main function and ends the process with its exit code (undefined counts as 0). A Failure is
 * shown as its sentence; anything else is a mistake of ours and keeps its stack.
 * @param {() => Promise<number | void>} main
 */
export async function runScript(main) {
  const major = Number(process.versions.node.split('.')[0]);
  if (major < 20) {
    process.stderr.write(`Tapedeck needs Node 20 or newer to set itself up; this is ${process.version}.\n`);
    process.exit(1);
  }
  try {
    process.exitCode = (await main()) ?? 0;
  } catch (error) {
    const text =
      error instanceof Failure ? error.message : error instanceof Error ? error.stack : String(error);
    process.stderr.write(`${text}\n`);
    process.exitCode = 1;
  }
}
