import { expect, it } from 'vitest';
import { createFfmpegLog } from './ffmpeg-log.ts';

it('finds a secret that a chunk boundary cuts in two', () => {
  const log = createFfmpegLog((line) => line.replaceAll('secret', '…'));
  for (const chunk of ['opening sec', 'ret\nfai', 'led\n', 'unfinished sec', 'ret']) log.push(chunk);
  expect(log.tail()).toEqual(['opening …', 'failed', 'unfinished …']);
});

it('keeps the newest lines only, and of a line without an end only its beginning', () => {
  const log = createFfmpegLog((line) => line);
  for (let i = 0; i < 1000; i += 1) log.push(`line ${i}\n`);
  expect(log.tail()).toHaveLength(64);
  expect(log.tail().at(-1)).toBe('line 999');
  for (let i = 0; i < 1000; i += 1) log.push('x'.repeat(1000));
  expect(log.tail().join('').length).toBeLessThan(64 * 2100);
});

it('leaves no part of a secret where a line is cut, whole or unfinished', () => {
  const log = createFfmpegLog((line) => line.replaceAll('secret', '…'));
  log.push(`${'x'.repeat(2045)}secret\n`);
  log.push(`${'y'.repeat(20_000)}sec`);
  log.push('ret\nafter\n');
  expect(log.tail().join('\n')).not.toContain('sec');
  expect(log.tail().at(-1)).toBe('after');
});
