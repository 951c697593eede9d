import pc from 'picocolors';

export type Colors = ReturnType<typeof pc.createColors>;

/** Where a command reads and writes: data goes to `print`, everything said about it to `say`. */
export interface Terminal {
  /** Data, on stdout; a line end is added. */
  print(text: string): void;
  /** Talk, on stderr; a line end is added. */
  say(text: string): void;
  /** For what is printed. */
  readonly colors: Colors;
  /** For what is said. */
  readonly tones: Colors;
  /** Whether somebody watches stderr, so that a line may change in place. */
  readonly live: boolean;
  readonly stdin: NodeJS.ReadableStream;
  readonly stderr: NodeJS.WriteStream;
  /** Characters that fit on a line of stderr. */
  width(): number;
}

/** Colours when the stream is a terminal and neither NO_COLOR, TERM=dumb nor --no-color speaks against them. */
export function createTerminal(options: { readonly color: boolean }): Terminal {
  const { stdout, stderr, stdin, env } = process;
  const allowed = options.color && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb';
  const coloured = (stream: NodeJS.WriteStream) =>
    pc.createColors(allowed && (stream.isTTY === true || (env.FORCE_COLOR ?? '') !== ''));
  return {
    print: (text) => {
      stdout.write(`${text}\n`);
    },
    say: (text) => {
      stderr.write(`${text}\n`);
    },
    colors: coloured(stdout),
    tones: coloured(stderr),
    // A terminal that nobody gave a size says 0: nothing can be drawn there.
    live: stderr.isTTY === true && stderr.columns > 0 && env.TERM !== 'dumb' && (env.CI ?? '') === '',
    stdin,
    stderr,
    width: () => stderr.columns,
  };
}
