import { expect, it } from 'vitest';
import { createRedactor } from './input-redact.ts';
import { parseInputAddress } from './input-url.ts';

it.each([
  [
    'rtmp://h/live/stream-key',
    'Cannot read RTMP handshake of rtmp://h/live/stream-key: stream-key not found',
    'Cannot read RTMP handshake of rtmp://h/live/…: … not found',
  ],
  [
    'https://u:pass%40word@h/x?token=abcdef',
    "Opening 'https://h/x?token=abcdef' with pass@word",
    "Opening 'https://h/x' with …",
  ],
  [
    'https://h/live.m3u8',
    "Opening 'https://cdn.h/seg1.ts?sig=zzzz' for reading",
    "Opening 'https://cdn.h/seg1.ts' for reading",
  ],
  [
    'srt://h:9?passphrase=longsecret&mode=caller',
    'passphrase longsecret in mode caller',
    'passphrase … in mode caller',
  ],
  ['/media/a?b.mp4', '/media/a?b.mp4: No such file', '/media/a?b.mp4: No such file'],
])('%s', (source, line, redacted) => {
  expect(createRedactor(parseInputAddress(source))(line)).toBe(redacted);
});
