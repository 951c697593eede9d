import { exitCodes, TapedeckError } from '@tapedeck/core';

/** The document that the launcher wrote, or why it is none. It holds credentials: no message quotes it. */
export function parseSpec<T>(schema: { parse(value: unknown): T }, input: string): T | TapedeckError {
  try {
    return schema.parse(JSON.parse(input));
  } catch (error) {
    // The words of a SyntaxError quote what it met; zod names only paths and expectations.
    const why = error instanceof SyntaxError ? 'it is not JSON' : String(error);
    return new TapedeckError('InvalidManifest', `The spec cannot be read: ${why}`);
  }
}

/** Says why on stderr; gives the exit code. */
export function refuseSpec({ message }: TapedeckError): number {
  process.stderr.write(`${JSON.stringify({ level: 'error', event: 'InvalidSpec', message })}\n`);
  return exitCodes.Invalid;
}
