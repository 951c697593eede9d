import { freeBox } from './box-write.ts';

/** The smallest box: a header without content. */
export const minFillerSize = 8;

/** Exactly `size` bytes (at least `minFillerSize`) between fragments that every reader passes over. */
export function mp4Filler(size: number): Uint8Array<ArrayBuffer> {
  return freeBox(size);
}
