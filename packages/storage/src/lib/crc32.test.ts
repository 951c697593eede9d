import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { combineCrc32, crc32Of, formatCrc32 } from './crc32.ts';

describe('CRC-32', () => {
  it('is that of gzip: the check value of "123456789"', () => {
    expect(formatCrc32(crc32Of([Buffer.from('1234'), Buffer.from('56789')]))).toBe('cbf43926');
    expect(formatCrc32(1)).toBe('00000001');
  });

  it.each([0, 1, 7, 8, 1000, 65_537])(
    'of two pieces combines to that of the whole, the second of %i bytes',
    (size) => {
      const a = randomBytes(12_345);
      const b = randomBytes(size);
      expect(combineCrc32(crc32(a), crc32(b), b.length)).toBe(crc32(Buffer.concat([a, b])));
    },
  );

  it('combines past 4 GiB', () => {
    // Zeros: 5 GiB of them, doubled from one byte, and directly by length.
    let crc = crc32(Buffer.alloc(1));
    let size = 1;
    while (size < 2 ** 33) {
      crc = combineCrc32(crc, crc, size);
      size *= 2;
    }
    const tail = randomBytes(10);
    const one = combineCrc32(crc32(tail), crc, size);
    const half = Buffer.alloc(2 ** 20);
    let other = crc32(tail);
    for (let left = size; left > 0; left -= half.length)
      other = combineCrc32(other, crc32Half(half), half.length);
    expect(one).toBe(other);
  });
});

const known = new WeakMap<Buffer, number>();
function crc32Half(bytes: Buffer): number {
  const before = known.get(bytes);
  if (before !== undefined) return before;
  const value = crc32(bytes);
  known.set(bytes, value);
  return value;
}
