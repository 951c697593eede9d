import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createFieldReader } from './field-reader.ts';
import { runDirectory } from './run-directory.ts';

it('gives fields of the kind that is asked for, and names the one that is another', () => {
  const reader = createFieldReader({ a: 'x', n: 1, f: true, none: null, in: { b: 'y' } }, 'a row');
  expect([reader.text('a'), reader.number('n'), reader.flag('f')]).toEqual(['x', 1, true]);
  expect([reader.optionalText('none'), reader.optionalNumber('gone')]).toEqual([undefined, undefined]);
  expect(reader.word('a', ['x', 'y'])).toBe('x');
  expect(reader.inside('in').text('b')).toBe('y');
  expect(() => reader.text('n')).toThrow('a row is damaged: n is no text');
  expect(() => reader.word('a', ['y', 'z'])).toThrow('a is no y or z');
  expect(() => reader.inside('gone').number('pid')).toThrow('a row: gone is damaged: pid is no number');
  expect(() => createFieldReader('text', 'a row').text('a')).toThrow('a is no text');
});

it('finds a record of a run that is not whole', () => {
  const runs = mkdtempSync(join(tmpdir(), 'tapedeck-runs-'));
  try {
    const directory = runDirectory(runs, 'u-1');
    expect(directory.record()).toBeUndefined();
    mkdirSync(directory.path);
    const record = {
      ...{ id: 'u-1', recordingUid: 'u', startTime: '2026-11-21T09:00:00Z', delivered: true },
      process: { pid: 7, started: 'boot' },
    };
    directory.writeRecord(record);
    expect(directory.record()).toEqual(record);
    directory.writeExit({ exitCode: 0, endTime: '2026-11-21T09:00:01Z' });
    expect(directory.exit()).toEqual({ exitCode: 0, endTime: '2026-11-21T09:00:01Z' });
    writeFileSync(join(directory.path, 'run.json'), '{"id":"u-1","process":{"pid":"7"}}');
    expect(() => directory.record()).toThrow(/run\.json is damaged: recordingUid is no text/);
  } finally {
    rmSync(runs, { recursive: true, force: true });
  }
});
