import type { InputAddress } from './input-url.ts';

/**
 * Takes an address' secrets out of running text such as ffmpeg's stderr: the address as a whole becomes its
 * name, and so does every piece of it that could be a secret (query, userinfo, stream key) wherever it stands.
 */
export function createRedactor(address: InputAddress): (text: string) => string {
  const pieces = secretPieces(address).toSorted((a, b) => b.length - a.length);
  return (text) => {
    let out = text.replaceAll(address.url, address.name);
    for (const piece of pieces) out = out.replaceAll(piece, '…');
    // ffmpeg also names segments and redirects, whose queries are secrets that we never knew.
    return out.replace(/\b([a-z][a-z0-9+.-]+:\/\/)(?:[^\s/@'"]*@)?([^\s?#'"]*)(?:[?#][^\s'"]*)?/gi, '$1$2');
  };
}

/** Pieces shorter than this are left alone: replacing them would garble the text and hide nothing. */
const shortestSecret = 4;

function secretPieces(address: InputAddress): string[] {
  if (address.kind === 'File') return [];
  const url = URL.parse(address.url);
  if (url === null) return [];
  const pieces = [url.password, url.username, url.search.slice(1), ...url.searchParams.values()];
  if (address.kind === 'Rtmp') pieces.push(url.pathname.split('/').slice(2).join('/'));
  return pieces
    .flatMap((piece) => [piece, safeDecode(piece)])
    .filter((piece) => piece.length >= shortestSecret && !/^(?:caller|live|listener)$/.test(piece));
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray percent sign: it stands for itself.
    return text;
  }
}
