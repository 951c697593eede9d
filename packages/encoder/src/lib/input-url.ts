import { TapedeckError } from '@tapedeck/core/error';

/** How an address is read, which decides its options. */
export type InputKind = 'Rtmp' | 'Rtsp' | 'Srt' | 'Hls' | 'Http' | 'File';

export interface InputAddress {
  readonly kind: InputKind;
  /** As ffmpeg gets it. */
  readonly url: string;
  /** For people: no userinfo, no query, no stream key. */
  readonly name: string;
  /** The scheme in lower case; `file` for a path. */
  readonly scheme: string;
}

const kindByScheme: Readonly<Record<string, InputKind>> = {
  rtmp: 'Rtmp',
  rtmps: 'Rtmp',
  rtsp: 'Rtsp',
  rtsps: 'Rtsp',
  srt: 'Srt',
  http: 'Http',
  https: 'Http',
  file: 'File',
};

/**
 * Reads a source's address, a path of this machine included. Rejects with `InvalidSource` what ffmpeg must not
 * be handed: its pseudo protocols (concat:, subfile:, …), control characters, a URL without a host.
 */
export function parseInputAddress(source: string): InputAddress {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is refused
  if (source === '' || /[\u0000-\u001f\u007f]/.test(source)) {
    throw new TapedeckError(
      'InvalidSource',
      'The source is empty or holds control characters; give a URL or a path.',
    );
  }
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(source)?.[1]?.toLowerCase();
  if (scheme === undefined || scheme === 'file') return fileAddress(source);
  const kind = kindByScheme[scheme];
  const url = URL.parse(source);
  if (kind === undefined) {
    throw new TapedeckError(
      'InvalidSource',
      `${scheme}: is no source Tapedeck knows; use rtmp(s), rtsp(s), srt, http(s) or a file.`,
    );
  }
  if (url === null || url.hostname === '' || /\s/.test(source)) {
    throw new TapedeckError(
      'InvalidSource',
      `The ${scheme} address cannot be read; it has to be ${scheme}://host/….`,
    );
  }
  return {
    kind: kind === 'Http' && /\.m3u8?$/i.test(url.pathname) ? 'Hls' : kind,
    url: source,
    name: addressName(url, kind),
    scheme,
  };
}

function fileAddress(source: string): InputAddress {
  const path = source.startsWith('file:') ? filePath(source) : source;
  return { kind: 'File', url: `file:${path}`, name: path, scheme: 'file' };
}

function filePath(source: string): string {
  if (!source.startsWith('file://')) return source.slice('file:'.length);
  const url = URL.parse(source);
  if (url === null || (url.hostname !== '' && url.hostname !== 'localhost')) {
    throw new TapedeckError(
      'InvalidSource',
      'A file: address names a file of this machine: file:///path/to/file.',
    );
  }
  return decodeURIComponent(url.pathname);
}

/** RTMP carries its key in the path, after the application; the others in query and userinfo only. */
function addressName(url: URL, kind: InputKind): string {
  const segments = url.pathname.split('/');
  const path = kind === 'Rtmp' && segments.length > 2 ? `/${segments[1]}/…` : url.pathname;
  return `${url.protocol}//${url.host}${path}`;
}

/**
 * Whether anything in the address may be a secret: userinfo, a query, and for RTMP (the key in its path) and
 * SRT (the stream id) the address as such.
 */
export function hasSecret(address: InputAddress): boolean {
  if (address.kind === 'File') return false;
  if (address.kind === 'Rtmp' || address.kind === 'Srt') return true;
  const url = URL.parse(address.url);
  return url === null || url.username !== '' || url.password !== '' || url.search !== '';
}
