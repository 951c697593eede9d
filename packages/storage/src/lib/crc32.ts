import { crc32 } from 'node:zlib';

/** Reversed polynomial of CRC-32 (ISO 3309, as in gzip and PNG); bit 31 stands for x^0. */
const POLYNOMIAL = 0xedb88320;
const ONE = 0x80000000;

/** Product of two polynomials over GF(2), modulo the CRC's. */
function multiply(a: number, b: number): number {
  let product = 0;
  let factor = b;
  for (let bit = ONE; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= factor;
    factor = (factor & 1) === 0 ? factor >>> 1 : (factor >>> 1) ^ POLYNOMIAL;
  }
  return product >>> 0;
}

/** x^(8 * bytes): what appending that many zero bytes multiplies a CRC by. */
function shift(bytes: number): number {
  let result = ONE;
  // x^8, then squared for every further binary digit of the length.
  let power = ONE >>> 8;
  for (let left = bytes; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = multiply(power, result);
    power = multiply(power, power);
  }
  return result;
}

/** CRC-32 of A followed by B, from the two CRCs and B's length in bytes. */
export function combineCrc32(crcA: number, crcB: number, lengthB: number): number {
  return (multiply(shift(lengthB), crcA) ^ crcB) >>> 0;
}

export function crc32Of(chunks: readonly Uint8Array[], start = 0): number {
  let value = start;
  for (const chunk of chunks) value = crc32(chunk, value);
  return value;
}

/** Eight hex digits, as in outputs and manifests. */
export function formatCrc32(value: number): string {
  return value.toString(16).padStart(8, '0');
}
