/**
 * Takes runs of stated length off a stream of chunks. Each byte is copied at most once into the run that it
 * belongs to: a large run is not gathered in a list first.
 */
export interface Collector {
  /** In the stream, of the first byte that was not taken. */
  readonly position: number;
  /** Bytes that came and were neither taken nor skipped. */
  readonly held: number;
  /** Bytes that are to be skipped have not come yet. */
  readonly skipping: boolean;
  /** The chunk before must have been used up as far as `collect`, `peek` and `skip` go. */
  push(chunk: Uint8Array): void;
  /** Up to `size` (small) of the next bytes; they stay. */
  peek(size: number): Uint8Array;
  /** The next `size` bytes, after `before`; undefined until all have come: ask again, for the same, after `push`. */
  collect(size: number, before?: Uint8Array): Uint8Array<ArrayBuffer> | undefined;
  skip(size: number): void;
}

export function createCollector(): Collector {
  let chunk: Uint8Array = new Uint8Array();
  let used = 0;
  let position = 0;
  let toSkip = 0;
  /** What is being collected; its first `fixed` bytes were given, `filled` are in it. */
  let run: { bytes: Uint8Array<ArrayBuffer>; fixed: number; filled: number } | undefined;

  const left = () => chunk.length - used;

  function skipNow(): void {
    const size = Math.min(toSkip, left());
    toSkip -= size;
    used += size;
    position += size;
  }

  return {
    get position() {
      return position;
    },
    get held() {
      return left() + (run === undefined ? 0 : run.filled - run.fixed);
    },
    get skipping() {
      return toSkip > 0;
    },
    push(next) {
      // Less than a header may be left of the chunk before; while a run is being filled nothing is.
      const rest = chunk.subarray(used);
      chunk = rest.length === 0 ? next : concat(rest, next);
      used = 0;
      skipNow();
    },
    peek: (size) =>
      run === undefined
        ? chunk.subarray(used, used + size)
        : run.bytes.subarray(run.fixed, Math.min(run.filled, run.fixed + size)),
    collect(size, before = new Uint8Array()) {
      if (run === undefined) {
        const bytes = new Uint8Array(before.length + size);
        bytes.set(before);
        run = { bytes, fixed: before.length, filled: before.length };
      }
      const piece = chunk.subarray(used, used + run.bytes.length - run.filled);
      run.bytes.set(piece, run.filled);
      run.filled += piece.length;
      used += piece.length;
      if (run.filled < run.bytes.length) return undefined;
      const { bytes } = run;
      run = undefined;
      position += size;
      return bytes;
    },
    skip(size) {
      toSkip += size;
      skipNow();
    },
  };
}

function concat(one: Uint8Array, other: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(one.length + other.length);
  bytes.set(one);
  bytes.set(other, one.length);
  return bytes;
}
