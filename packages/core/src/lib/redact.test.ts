import { expect, it } from 'vitest';
import { redact } from './redact.ts';

it.each([
  ['nothing to hide', 'nothing to hide'],
  ['cannot open https://u:p@h.example/a/b.mp4?sig=abc#t.', 'cannot open https://h.example/a/b.mp4.'],
  ['"srt://h:9000?passphrase=abc"', '"srt://h:9000"'],
  ['rtsp://me:a@b@h/x', 'rtsp://h/x'],
  ['rtmp://h/live/secretkey failed', 'rtmp://h/live/… failed'],
  ['rtmp://h/live', 'rtmp://h/live'],
  ['(see http://h/?a=b) and s3://b/k', '(see http://h/) and s3://b/k'],
  ['{"url":"http://h/x?token=1","n":2}', '{"url":"http://h/x","n":2}'],
  ['https://h?x=https://u:p@k/', 'https://h'],
])('%s', (text, shown) => {
  expect(redact(text)).toBe(shown);
});
