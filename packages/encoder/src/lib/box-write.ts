import { viewOf } from './box-read.ts';

/** Bytes to be written one after the other; kept apart until the end, so that a large table is copied once. */
export interface Pieces {
  readonly size: number;
  readonly list: readonly Uint8Array[];
}

export function pieces(...contents: readonly (Uint8Array | Pieces)[]): Pieces {
  const list = contents.flatMap((content) => (content instanceof Uint8Array ? [content] : content.list));
  return { size: list.reduce((sum, piece) => sum + piece.length, 0), list };
}

/** A box of these contents, smaller than 4 GiB. */
export function box(type: string, ...contents: readonly (Uint8Array | Pieces)[]): Pieces {
  const body = pieces(...contents);
  const header = new Uint8Array(8);
  viewOf(header).setUint32(0, body.size + 8);
  writeType(header, 4, type);
  return pieces(header, body);
}

/** A box with version and flags (ISO/IEC 14496-12, 4.2). */
export function fullBox(
  type: string,
  version: number,
  flags: number,
  ...contents: readonly (Uint8Array | Pieces)[]
): Pieces {
  return box(type, uint32s([version * 0x100_0000 + flags]), ...contents);
}

/** A `free` box of exactly `size` bytes, at least 8: every reader passes over it. */
export function freeBox(size: number): Uint8Array<ArrayBuffer> {
  if (size < 8) throw new RangeError(`a free box has at least 8 bytes, not ${size}`);
  const bytes = new Uint8Array(size);
  viewOf(bytes).setUint32(0, size);
  writeType(bytes, 4, 'free');
  return bytes;
}

export function writeType(bytes: Uint8Array, at: number, type: string): void {
  for (let index = 0; index < 4; index++) bytes[at + index] = type.charCodeAt(index);
}

export function writeUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / 0x1_0000_0000));
  view.setUint32(at + 4, value >>> 0);
}

/** Numbers of 32 bits, unsigned or (in two's complement) signed. */
export function uint32s(values: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.length * 4);
  const view = viewOf(bytes);
  for (let index = 0; index < values.length; index++) view.setUint32(index * 4, values[index] ?? 0);
  return bytes;
}

export function uint64s(values: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(values.length * 8);
  const view = viewOf(bytes);
  for (let index = 0; index < values.length; index++) writeUint64(view, index * 8, values[index] ?? 0);
  return bytes;
}

export function joinBytes({ size, list }: Pieces): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const piece of list) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
