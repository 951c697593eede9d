/** What a session has: so many bytes, or the finished object. */
export type SessionState =
  | { readonly finished: false; readonly persisted: number }
  | { readonly finished: true; readonly size: number };

/** `Content-Range` of bytes that are followed by others, or that end the object. */
export function rangeOf(start: number, size: number, isLast: boolean): string {
  const total = isLast ? String(start + size) : '*';
  return size === 0 ? `bytes */${total}` : `bytes ${start}-${start + size - 1}/${total}`;
}

/** How many bytes `Range: bytes=0-n` of a 308 speaks of; none without the header. */
export function persistedBytes(range: string | undefined): number {
  const last = /^bytes=0-(\d+)$/.exec(range ?? '')?.[1];
  return last === undefined ? 0 : Number(last) + 1;
}

/** What lies behind the first `skip` bytes, as views. */
export function viewsFrom(views: readonly Uint8Array[], skip: number): Uint8Array[] {
  let left = skip;
  return views.flatMap((view) => {
    const start = Math.min(left, view.length);
    left -= start;
    return start < view.length ? [view.subarray(start)] : [];
  });
}

/** The first `length` bytes, as views. */
export function viewsUpTo(views: readonly Uint8Array[], length: number): Uint8Array[] {
  let left = length;
  return views.flatMap((view) => {
    const size = Math.min(left, view.length);
    left -= size;
    return size > 0 ? [view.subarray(0, size)] : [];
  });
}
