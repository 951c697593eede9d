import ffmpeg from 'fluent-ffmpeg';

export interface FfmpegCommand {
  /** Before `-i`. Global options belong here too: ffmpeg takes them anywhere, and first is where one looks. */
  readonly inputOptions: readonly string[];
  readonly input: string;
  /** Its options stand before its `-i` again. */
  readonly secondInput?: { readonly options: readonly string[]; readonly input: string };
  /** In order; ffmpeg's account of its progress is of the first. */
  readonly outputs: readonly FfmpegOutput[];
}

export interface FfmpegOutput {
  readonly options: readonly string[];
  readonly output: string;
}

/**
 * The argument list for one ffmpeg. fluent-ffmpeg only puts it together: its
 * own checks do not know the inputs of newer ffmpegs, and its process handling can neither stop gently nor
 * bound what it buffers, so neither is used.
 */
export function ffmpegArguments(command: FfmpegCommand): string[] {
  const built = ffmpeg().input(command.input);
  for (const pair of optionGroups(command.inputOptions)) built.inputOptions(...pair);
  if (command.secondInput !== undefined) {
    built.input(command.secondInput.input);
    for (const pair of optionGroups(command.secondInput.options)) built.inputOptions(...pair);
  }
  for (const { output, options } of command.outputs) {
    built.output(output);
    for (const pair of optionGroups(options)) built.outputOptions(...pair);
  }
  return built._getArguments().map(String);
}

/** An option with its value, so that the builder never gets a lone string with a space in it to split. */
function optionGroups(options: readonly string[]): string[][] {
  const groups: string[][] = [];
  for (const option of options) {
    const last = groups.at(-1);
    if (last === undefined || (option.startsWith('-') && !(last.length === 1 && /^-\d/.test(option))))
      groups.push([option]);
    else last.push(option);
  }
  return groups;
}
