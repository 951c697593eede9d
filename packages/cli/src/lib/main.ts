import { CommanderError } from 'commander';
import { type CliExitCode, cliExitCodes, cliExitOf } from './cli-exit.ts';
import { createProgram, runLocally } from './program.ts';
import { createTerminal } from './terminal.ts';

/** The command from its arguments to its exit code. What goes wrong is said on stderr in a sentence, never as a stack. */
export async function main(words: readonly string[]): Promise<CliExitCode> {
  // Whoever reads us may stop reading (head, less): then there is nothing left to say, and nothing is wrong.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EPIPE') process.exit(cliExitCodes.Done);
      throw error;
    });
  }
  const program = createProgram(runLocally);
  try {
    if (words.includes('completion') || words.includes('complete')) {
      (await import('./completion.ts')).addCompletion(program.command, words);
    }
    await program.command.parseAsync([...words], { from: 'user' });
    return program.exitCode();
  } catch (error) {
    // Commander has said what is wrong, or shown the help that was asked for.
    if (error instanceof CommanderError) return error.exitCode === 0 ? cliExitCodes.Done : cliExitCodes.Usage;
    const { tones, say } = createTerminal({ color: !words.includes('--no-color') });
    say(`${tones.red('error:')} ${sentence(error)}`);
    if (process.env.TAPEDECK_DEBUG !== undefined)
      say(error instanceof Error ? String(error.stack) : String(error));
    return cliExitOf(error);
  }
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
