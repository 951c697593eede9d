import { createCollector } from '../collector.ts';
import type { Upload } from '../store.ts';
import type { KeptBytes } from './kept-bytes.ts';

/**
 * A move goes as fast as the storage takes it, beside what is recorded meanwhile: what it has sent is collected twice as
 * often as otherwise, which takes some 8 ms each time.
 */
const COLLECT_EVERY_BYTES = 12 * 1024 * 1024;

export interface ReplayOptions {
  /** The end of the file is known already: its first `length` bytes are replaced. */
  readonly start?: { readonly length: number; readonly bytes: Uint8Array } | undefined;
  /**
   * The upload has all that was kept. Called before anything more can be kept, so that what comes next can be appended
   * to the upload itself.
   */
  readonly onCaughtUp: () => void;
}

/** Sends what was kept of a file to an upload, at the same places, while more is being kept. */
export async function replayKept(
  upload: Upload,
  kept: KeptBytes,
  { start, onCaughtUp }: ReplayOptions,
): Promise<void> {
  const collector = createCollector({ everyBytes: COLLECT_EVERY_BYTES, type: 'major' });
  let offset = 0;
  if (start !== undefined) {
    await upload.append(start.bytes, { exact: true });
    offset = start.length;
  }
  for (;;) {
    const piece = await kept.readFrom(offset);
    if (piece !== undefined) {
      await upload.append(piece, { exact: true });
      offset += piece.length;
      collector.released(piece.length);
    } else if (offset >= kept.size) {
      onCaughtUp();
      return;
    }
  }
}
