import { type ErrorCode, TapedeckError } from '@tapedeck/core/error';

interface KnownMessage {
  readonly pattern: RegExp;
  readonly code: ErrorCode;
  /** What happened and what to do, after the source's name. */
  readonly says: string;
}

/** What ffmpeg and ffprobe say when a source cannot be opened, most telling first. 5.1 and 7.1 agree on these words. */
const knownMessages: readonly KnownMessage[] = [
  {
    pattern: /Unauthorized|Forbidden|Permission denied|authentication failed|NetStream\.Play\.Unauthorized/i,
    code: 'SourceDenied',
    says: 'refuses to be read; check its credentials and rights.',
  },
  {
    pattern:
      /404 Not Found|No such file or directory|StreamNotFound|NetStream\.Play\.StreamNotFound|stream .*not found|no one is publishing/i,
    code: 'SourceNotFound',
    says: 'is not there; check the address, or start the broadcast first.',
  },
  {
    pattern: /Is a directory|Invalid argument.*file:/i,
    code: 'SourceNotMedia',
    says: 'is a directory; name a file in it.',
  },
  {
    pattern: /Failed to resolve hostname|Name or service not known|Temporary failure in name resolution/i,
    code: 'SourceUnreachable',
    says: 'has a host name that does not resolve; check the address and the name server.',
  },
  {
    pattern: /Connection refused/i,
    code: 'SourceUnreachable',
    says: 'refuses the connection; check host and port, and that it is running.',
  },
  {
    pattern: /No route to host|Network is unreachable|Host is down/i,
    code: 'SourceUnreachable',
    says: 'cannot be reached over the network; check routes and firewalls.',
  },
  {
    pattern: /certificate|TLS.*(?:fail|error)|SSL.*(?:fail|error)|handshake/i,
    code: 'SourceUnreachable',
    says: 'cannot be reached over TLS; check its certificate.',
  },
  {
    pattern: /timed out|Connection setup failure|ETIMEDOUT/i,
    code: 'SourceUnreachable',
    says: 'does not answer in time; check host, port and firewalls.',
  },
  {
    pattern: /HTTP error 5\d\d|Server returned [45]XX|Connection reset by peer|Broken pipe/i,
    code: 'SourceUnreachable',
    says: 'answers with an error of its own; look at the source.',
  },
  {
    pattern: /Protocol not found|not on whitelist|Operation not permitted|Protocol '.*' not/i,
    code: 'InvalidSource',
    says: 'leads to something that a source may not open; check what its playlist names.',
  },
  {
    pattern:
      /Invalid data found when processing input|moov atom not found|Could not find codec parameters|could not find any stream|does not contain any stream|matches no streams/i,
    code: 'SourceNotMedia',
    says: 'answers, but not with audio or video that ffmpeg can read; check the address.',
  },
  {
    pattern: /Input\/output error/i,
    code: 'SourceUnreachable',
    says: 'takes the connection but sends nothing; check that it is live.',
  },
  {
    pattern: /End of file/i,
    code: 'SourceEmpty',
    says: 'ended before it sent any media; check that it is live.',
  },
  {
    pattern:
      /Unknown encoder|Encoder not found|Unrecognized option|Option .* not found|Error initializing|Error while opening encoder/i,
    code: 'EncoderFailed',
    says: 'could not be encoded: this ffmpeg lacks what is needed; install version 5.1 or newer with libx264.',
  },
];

/** Recognises why ffmpeg could not open `name` by what it said; undefined when none of it is known. */
export function classifyFfmpegMessages(lines: readonly string[], name: string): TapedeckError | undefined {
  for (const { pattern, code, says } of knownMessages) {
    if (lines.some((line) => pattern.test(line))) return new TapedeckError(code, `${name} ${says}`);
  }
  return undefined;
}

/** The last thing said that was an error, without ffmpeg's prefixes; for a failure that is not in the table. */
export function lastWords(lines: readonly string[]): string {
  const errors = lines.filter((line) => /\[(?:error|fatal|panic)\]/.test(line));
  return (errors.at(-1) ?? lines.at(-1) ?? 'it said nothing').replace(/\[[^\]]*\] */g, '').slice(0, 300);
}
