import { expect, it } from 'vitest';
import { createMetadataLog, loggedMetadata } from './metadata-log.ts';

it('logs what a page says of itself up to a rate, and how much it left out', () => {
  const lines: unknown[] = [];
  const write = (event: string, details?: Record<string, unknown>) => lines.push([event, details]);
  let now = 0;
  const log = createMetadataLog({ info: write, warn: write }, () => now);
  for (let index = 0; index < loggedMetadata + 5; index += 1) log.take(index, { state: 'Recording' });
  expect(lines).toHaveLength(loggedMetadata);
  expect(lines[0]).toEqual(['PageMetadata', { value: 0, state: 'Recording' }]);
  now = 1000;
  log.take('later', {});
  expect(lines.slice(loggedMetadata)).toEqual([
    ['MetadataDropped', { count: 5 }],
    ['PageMetadata', { value: 'later' }],
  ]);
  for (let index = 0; index < loggedMetadata; index += 1) log.take(index, {});
  log.close();
  expect(lines.at(-1)).toEqual(['MetadataDropped', { count: 1 }]);
});
