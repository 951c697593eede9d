/**
 * Uploads units at a rate as a recording does, to the first of two storages, until it has been moved to the second and
 * that has all of it. In: one JSON document on stdin, {storages, spool, bitsPerSecond, unitBytes, seconds}. Out: a line
 * `before` once `seconds` are uploaded, when the first storage may go away, and at the end one line of JSON,
 * {beforeBytes, peakBytes}: the most memory until then, and in all.
 */
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { createFallbackUpload, createStore } from '@tapedeck/storage';

interface Task {
  readonly storages: readonly Parameters<typeof createStore>[0][];
  readonly spool: Parameters<typeof createFallbackUpload>[1]['spool'];
  readonly bitsPerSecond: number;
  readonly unitBytes: number;
  readonly seconds: number;
}

const { storages, spool, bitsPerSecond, unitBytes, seconds } = (await json(process.stdin)) as Task;
const stores = await Promise.all(storages.map((storage) => createStore(storage)));
const upload = await createFallbackUpload(stores, {
  key: 'moved.mp4',
  contentType: 'video/mp4',
  durabilitySeconds: 5,
  spool,
  fallbackAfterSeconds: 5,
  onJournal: () => undefined,
  onEvent: () => undefined,
});
const first = upload.storage;
const peakBytes = () => process.resourceUsage().maxRSS * 1024;
const startMs = performance.now();
let beforeBytes = 0;
let at = 0;
const isThere = () => upload.storage !== first && upload.progress.lagSeconds < 5;
while (beforeBytes === 0 || !isThere()) {
  const dueMs = startMs + (at * 8_000) / bitsPerSecond;
  await sleep(Math.max(0, dueMs - performance.now()));
  // Each unit's own memory: the upload keeps it until the storage has it.
  await upload.append(Buffer.allocUnsafeSlow(unitBytes).fill(at % 251));
  at += unitBytes;
  if (beforeBytes === 0 && dueMs - startMs > seconds * 1000) {
    beforeBytes = peakBytes();
    process.stdout.write('before\n');
  }
}
await upload.finish();
await Promise.all(stores.map((store) => store.close()));
process.stdout.write(`${JSON.stringify({ beforeBytes, peakBytes: peakBytes() })}\n`);
