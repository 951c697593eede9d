/**
 * Uploads numbered units until it is killed. In: one JSON document as argument, {storage, key, journal,
 * durabilitySeconds}. The journal goes to that file; each unit's number to stdout, once it is appended.
 */
import { renameSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createStore } from '@tapedeck/storage';
import { sampleUnits } from '@tapedeck/storage/conformance';

const UNIT_BYTES = 512 * 1024;
const PAUSE_MS = 20;

const { storage, key, journal, durabilitySeconds } = JSON.parse(process.argv[2] ?? '');
const store = await createStore(storage);
const upload = await store.createUpload({
  key,
  contentType: 'video/mp4',
  durabilitySeconds,
  onJournal(state) {
    writeFileSync(`${journal}.tmp`, JSON.stringify(state));
    renameSync(`${journal}.tmp`, journal);
  },
});
for (const [index, unit] of sampleUnits(200, UNIT_BYTES).entries()) {
  await upload.append(unit);
  process.stdout.write(`${index} ${Date.now()}\n`);
  await sleep(PAUSE_MS);
}
