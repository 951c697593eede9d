/**
 * A column of numbers that become very many: one typed array, doubled when full. One object per sample would
 * take 150 MB for two hours.
 */
export interface Column<T extends Uint32Array | Float64Array> {
  readonly length: number;
  push(value: number): void;
  /** A view of what is there, valid until the next push. */
  values(): T;
}

const initialLength = 256;

function createColumn<T extends Uint32Array | Float64Array>(make: (length: number) => T): Column<T> {
  let room = make(initialLength);
  let length = 0;
  return {
    get length() {
      return length;
    },
    push(value) {
      if (length === room.length) {
        const larger = make(room.length * 2);
        larger.set(room);
        room = larger;
      }
      room[length++] = value;
    },
    values: () => room.subarray(0, length) as T,
  };
}

/** Unsigned, or signed in two's complement. */
export const createUint32Column = (): Column<Uint32Array> =>
  createColumn((length) => new Uint32Array(length));

/** Whole numbers up to 2^53: positions above 4 GiB. */
export const createPositionColumn = (): Column<Float64Array> =>
  createColumn((length) => new Float64Array(length));

/** Equal values in a row as count and value, as `stts` and `ctts` have them. */
export interface Runs {
  readonly length: number;
  push(value: number): void;
  /** Makes the last value another one. */
  replaceLast(change: (value: number) => number): void;
  /** count, value, count, value, … */
  entries(): Uint32Array;
}

export function createRuns(): Runs {
  const closed = createUint32Column();
  let count = 0;
  let current = 0;
  const add = (value: number) => {
    if (value !== current && count > 0) {
      closed.push(count);
      closed.push(current);
      count = 0;
    }
    current = value;
    count += 1;
  };
  return {
    get length() {
      return closed.length / 2 + (count > 0 ? 1 : 0);
    },
    push: add,
    replaceLast(change) {
      if (count === 0) return;
      const value = change(current);
      count -= 1;
      add(value);
    },
    entries() {
      const entries = new Uint32Array(closed.length + (count > 0 ? 2 : 0));
      entries.set(closed.values());
      if (count > 0) entries.set([count, current], closed.length);
      return entries;
    },
  };
}
