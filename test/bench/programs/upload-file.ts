/**
 * Uploads a file through the store as a recording's fragments are uploaded, with everything that promises: live parts,
 * journal, checksums, part 1 put again. In: one JSON document on stdin, {storage, key, file, unitBytes, bitsPerSecond?};
 * with a rate it takes as long as a recording would. Out: one line of JSON, {maxLagBytes}.
 */
import { open } from 'node:fs/promises';
import { json } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { createStore } from '@tapedeck/storage';

interface Task {
  readonly storage: Parameters<typeof createStore>[0];
  readonly key: string;
  readonly file: string;
  readonly unitBytes: number;
  readonly bitsPerSecond?: number;
}

const sampleMs = 50;
const headBytes = 4096;

const { storage, key, file, unitBytes, bitsPerSecond } = (await json(process.stdin)) as Task;
const store = await createStore(storage);
const upload = await store.createUpload({
  key,
  contentType: 'video/mp4',
  durabilitySeconds: 5,
  onJournal: () => undefined,
});
let maxLagBytes = 0;
const look = () => {
  const { bytesAppended, bytesStored } = upload.progress;
  maxLagBytes = Math.max(maxLagBytes, bytesAppended - bytesStored);
};
const sampler = setInterval(look, sampleMs);
await using handle = await open(file);
const { size } = await handle.stat();
const startMs = performance.now();
let head: Buffer | undefined;
for (let at = 0; at < size; at += unitBytes) {
  // Each unit's own memory: the upload keeps it until the storage has it.
  const unit = Buffer.allocUnsafeSlow(Math.min(unitBytes, size - at));
  await handle.read(unit, 0, unit.length, at);
  head ??= Buffer.from(unit.subarray(0, headBytes));
  if (bitsPerSecond !== undefined) {
    const dueMs = startMs + (at * 8_000) / bitsPerSecond;
    await sleep(Math.max(0, dueMs - performance.now()));
  }
  // As a recording's fragments are.
  await upload.append(unit, { owned: true });
}
clearInterval(sampler);
await upload.finish(head !== undefined && store.capabilities.rewriteFirstPart ? { head } : {});
await store.close();
process.stdout.write(`${JSON.stringify({ maxLagBytes })}\n`);
