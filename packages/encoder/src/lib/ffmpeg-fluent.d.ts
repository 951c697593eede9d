/** The little of fluent-ffmpeg that Tapedeck uses: a builder of argument lists. */
declare module 'fluent-ffmpeg' {
  interface FluentCommand {
    input(source: string): FluentCommand;
    /** Two or more strings are taken as they are; a single one would be split at a space. */
    inputOptions(...options: string[]): FluentCommand;
    output(target: string): FluentCommand;
    outputOptions(...options: string[]): FluentCommand;
    _getArguments(): (string | number)[];
  }
  export default function ffmpeg(): FluentCommand;
}
