import { readFile } from 'node:fs/promises';

/** Where each `moof` begins. */
export async function fragmentOffsets(file: string): Promise<number[]> {
  const bytes = await readFile(file);
  const offsets: number[] = [];
  for (let at = 0; at + 8 <= bytes.length; ) {
    const size = bytes.readUInt32BE(at);
    if (bytes.toString('latin1', at + 4, at + 8) === 'moof') offsets.push(at);
    if (size < 8) break;
    at += size;
  }
  return offsets;
}
