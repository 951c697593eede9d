import { checkSpec, runSpec, TapedeckError } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import { parseSpec } from './spec-input.ts';

describe.each([
  ['of a run', runSpec],
  ['of a check', checkSpec],
])('a spec %s', (_, schema) => {
  it.each([
    ['cut short', '{"version":1,"credentials":{"secretAccessKey":"hunter2'],
    ['with a slip', '{"secretAccessKey":hunter2}'],
    ['of another shape', '{"version":1,"id":"hunter2","storage":"hunter2","mode":"hunter2"}'],
  ])('that comes %s is refused without a word of what it holds', (_name, input) => {
    const refused = parseSpec<unknown>(schema, input);
    expect(refused).toBeInstanceOf(TapedeckError);
    expect(String(refused)).toContain('cannot be read');
    expect(String(refused)).not.toContain('hunter2');
  });
});
