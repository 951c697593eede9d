import { gzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { readSpecEnvironment } from './spec-document.ts';

const pack = (text: string) => gzipSync(text).toString('base64');

it('joins a spec of the environment in the order of its numbers, and takes it out', () => {
  const text = JSON.stringify({ id: 'run', previous: Array.from({ length: 2_000 }, (_, index) => index) });
  const packed = pack(text);
  const size = Math.ceil(packed.length / 11);
  const env: Record<string, string | undefined> = { HOME: '/tmp' };
  for (let number = 11; number > 0; number -= 1)
    env[`TAPEDECK_SPEC_${number}`] = packed.slice((number - 1) * size, number * size);
  expect(readSpecEnvironment(env)).toBe(text);
  expect(env).toEqual({ HOME: '/tmp' });
});

it.each([
  ['nothing is there', {}, 'there is no spec in TAPEDECK_SPEC_1'],
  ['it is cut', { TAPEDECK_SPEC_1: pack('x'.repeat(50)).slice(0, 20) }, 'unexpected end of file'],
  ['it is longer than any spec', { TAPEDECK_SPEC_1: pack('x'.repeat(17 * 1024 * 1024)) }, 'larger than'],
])('refuses when %s', (_, env, message) => {
  expect(() => readSpecEnvironment({ ...env })).toThrow(message);
});
