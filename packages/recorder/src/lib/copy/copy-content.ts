/** By the end of a key; what a player asks a server for. */
const types: Readonly<Record<string, string>> = {
  mp4: 'video/mp4',
  m4s: 'video/iso.segment',
  m4a: 'audio/mp4',
  webm: 'video/webm',
  mp3: 'audio/mpeg',
  aac: 'audio/aac',
  ts: 'video/mp2t',
  m3u8: 'application/vnd.apple.mpegurl',
  vtt: 'text/vtt',
  jpg: 'image/jpeg',
  png: 'image/png',
  json: 'application/json',
  tar: 'application/x-tar',
};

/** Content type that a copy is written with: drivers do not tell the source's. */
export function contentTypeOf(key: string): string {
  const ending = /\.([a-z0-9]+)$/i.exec(key)?.[1]?.toLowerCase() ?? '';
  return types[ending] ?? 'application/octet-stream';
}
