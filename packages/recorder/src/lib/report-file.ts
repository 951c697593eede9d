import { open, rename } from 'node:fs/promises';

/**
 * The file that the newest report is kept in, replaced whole at each write: whoever reads it after a crash sees
 * one report or the next, never half of one. Writes that come while one runs are answered by a single later one.
 */
export function createReportFile(path: string | undefined, report: () => unknown): () => Promise<void> {
  let running: Promise<void> = Promise.resolve();
  let waiting: Promise<void> | undefined;
  if (path === undefined) return () => running;

  return () => {
    waiting ??= running
      .catch(() => undefined) // Its own callers hear of it; this write is another try.
      .then(() => {
        waiting = undefined;
        running = writeWhole(path, JSON.stringify(report()));
        return running;
      });
    return waiting;
  };
}

async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.tmp`;
  const file = await open(temporary, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}
