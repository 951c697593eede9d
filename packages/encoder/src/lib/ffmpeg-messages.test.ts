import { expect, it } from 'vitest';
import { classifyFfmpegMessages } from './ffmpeg-messages.ts';

it.each([
  ['[tcp @ 0x1] [error] Connection to tcp://127.0.0.1:1 failed: Connection refused', 'SourceUnreachable'],
  [
    '[tcp @ 0x1] [error] Failed to resolve hostname nope.invalid: Name or service not known',
    'SourceUnreachable',
  ],
  ['[error] pipe:4: Connection timed out', 'SourceUnreachable'],
  ['[error] pipe:4: Input/output error', 'SourceUnreachable'],
  ['[http @ 0x1] [warning] HTTP error 404 Not Found', 'SourceNotFound'],
  ['[rtsp @ 0x1] [error] method DESCRIBE failed: 404 Not Found', 'SourceNotFound'],
  ['[error] file:x.mp4: No such file or directory', 'SourceNotFound'],
  ['[http @ 0x1] [warning] HTTP error 403 Forbidden', 'SourceDenied'],
  ['[rtsp @ 0x1] [error] method DESCRIBE failed: 401 Unauthorized', 'SourceDenied'],
  ['[http @ 0x1] [warning] HTTP error 503 Service Unavailable', 'SourceUnreachable'],
  ['[error] file:x: Invalid data found when processing input', 'SourceNotMedia'],
  ['[mov,mp4 @ 0x1] [error] moov atom not found', 'SourceNotMedia'],
  ["[hls @ 0x1] [error] Protocol 'file' not on whitelist 'http,tcp'!", 'InvalidSource'],
  ["[fatal] Unknown encoder 'libx264'", 'EncoderFailed'],
  ['[error] pipe:4: End of file', 'SourceEmpty'],
])('%s', (line, code) => {
  const error = classifyFfmpegMessages([line], 'rtmp://h/live/…');
  expect(error?.code).toBe(code);
  expect(error?.message).toMatch(/^rtmp:\/\/h\/live\/… .+\.$/);
});

it('does not guess at what it does not know', () => {
  expect(classifyFfmpegMessages(['[error] Something new'], 'x')).toBeUndefined();
});
