import { expect, it } from 'vitest';
import { createRunLog } from '../run-log.ts';
import { closeAll } from './page-closing.ts';

it('closes all of it, the last first, and only says what could not be removed', async () => {
  let log = '';
  const closed: string[] = [];
  const closers = [
    async () => void closed.push('first'),
    async () => {
      throw new Error("EBUSY: resource busy, rmdir '/tmp/tapedeck-page-1'");
    },
    async () => void closed.push('last'),
  ];
  const runLog = createRunLog('run', (line) => {
    log += line;
  });
  await closeAll(closers, runLog);
  expect(closed).toEqual(['last', 'first']);
  expect(log).toMatch(/"level":"warn".*"event":"PageNotRemoved".*EBUSY/);
  await closeAll(closers, runLog);
  expect(closed).toHaveLength(2);
});
