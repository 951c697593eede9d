import { CommanderError } from 'commander';
import { type CliExitCode, cliExitCodes, cliExitOf } from './cli-exit.ts';
import { runCommand } from './command-run.ts';
import { createProgram, listCompletion } from './program.ts';
import { createTerminal } from './terminal.ts';

/** The command from its arguments to its exit code. What goes wrong is said on stderr in a sentence, never as a stack. */
export async function main(words: readonly string[]): Promise<CliExitCode> {
  // Whoever reads our data may stop reading (head, less): then there is nothing left to do, and nothing is wrong.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(cliExitCodes.Done);
    throw error;
  });
  // Nobody listens to what is said (EPIPE; EIO once a terminal is closed): recordings must not end by that.
  process.stderr.on('error', () => undefined);
  const program = createProgram(runCommand);
  try {
    if (words.includes('completion') || words.includes('complete')) {
      (await import('./completion.ts')).addCompletion(program.command, words);
    } else listCompletion(program.command);
    await program.command.parseAsync([...words], { from: 'user' });
    return program.exitCode();
  } catch (error) {
    // Commander has said what is wrong, or shown the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? cliExitCodes.Done : cliExitCodes.Usage;
    const { tones, say } = createTerminal({ color: !words.includes('--no-color') });
    say(`${tones.red('error:')} ${await sentence(error)}`);
    return cliExitOf(error);
  }
}

/** Our own errors hold no secrets by construction; those of others may hold an address. */
async function sentence(error: unknown): Promise<string> {
  const text = error instanceof Error ? error.message : String(error);
  return text.includes('://') ? (await import('@tapedeck/core')).redact(text) : text;
}
