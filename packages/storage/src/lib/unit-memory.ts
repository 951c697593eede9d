/**
 * Memory of units that nobody but the upload looks at. Left to the collector it gathers by tens of MiB when an upload runs
 * at full speed, and a collection takes longer than sending what it frees.
 */
export interface UnitMemory {
  /** The upload has this unit to itself. Memory that it shares with other bytes stays the collector's. */
  own(unit: Uint8Array): void;
  /** Something may still read these, such as a put that failed: from now on they are the collector's. */
  disown(views: readonly Uint8Array[]): void;
  /** Nobody reads these any more: gives back what is owned of them, and says how many bytes are left to the collector. */
  giveBack(views: readonly Uint8Array[]): number;
}

export function createUnitMemory(): UnitMemory {
  const owned = new WeakSet<ArrayBufferLike>();
  return {
    own({ buffer, byteLength }) {
      if (buffer.byteLength === byteLength) owned.add(buffer);
    },
    disown(views) {
      for (const { buffer } of views) owned.delete(buffer);
    },
    giveBack(views) {
      let left = 0;
      for (const { buffer, byteLength } of views) {
        // One that was cut is in two parts, and goes with neither.
        const isWhole = buffer.byteLength === byteLength && owned.has(buffer);
        if (isWhole && buffer instanceof ArrayBuffer) buffer.transfer(0);
        else left += byteLength;
      }
      return left;
    },
  };
}
