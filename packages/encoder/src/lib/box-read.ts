/** One box of ISO/IEC 14496-12 (4.2) within some bytes; positions count from the start of those bytes. */
export interface Box {
  readonly type: string;
  readonly start: number;
  /** First byte after the header. */
  readonly body: number;
  readonly end: number;
}

export interface BoxHeader {
  readonly type: string;
  readonly headerSize: number;
  /** Of the whole box; 0: it goes on to the end of the file. */
  readonly size: number;
}

/** Size and type, and the 64-bit size of a box of 4 GiB and more. */
export const maxBoxHeaderSize = 16;

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The header that stands at this position, or undefined while it is not whole. */
export function readBoxHeader(bytes: Uint8Array, at = 0): BoxHeader | undefined {
  if (bytes.length - at < 8) return undefined;
  const view = viewOf(bytes);
  const size = view.getUint32(at);
  const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
  if (size !== 1) return { type, headerSize: 8, size };
  if (bytes.length - at < 16) return undefined;
  return { type, headerSize: 16, size: readUint64(view, at + 8) };
}

/** Exact up to 2^53; what is larger cannot be a position or a time that we meet. */
export function readUint64(view: DataView, at: number): number {
  return view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4);
}

/** The boxes between two positions; stops at one that does not fit, so that damage leads nowhere. */
export function* boxesIn(bytes: Uint8Array, from: number, to: number): Generator<Box, undefined> {
  for (let start = from; start + 8 <= to; ) {
    const header = readBoxHeader(bytes, start);
    if (header === undefined || header.size < header.headerSize || start + header.size > to) return;
    yield { type: header.type, start, body: start + header.headerSize, end: start + header.size };
    start += header.size;
  }
}

/** The box at the end of a path of types, each the first of its kind in the one before. */
export function findBox(
  bytes: Uint8Array,
  parent: { readonly body: number; readonly end: number },
  ...path: readonly string[]
): Box | undefined {
  let found: Box | undefined;
  let scope = parent;
  for (const type of path) {
    found = undefined;
    for (const box of boxesIn(bytes, scope.body, scope.end)) {
      if (box.type !== type) continue;
      found = box;
      break;
    }
    if (found === undefined) return undefined;
    scope = found;
  }
  return found;
}
