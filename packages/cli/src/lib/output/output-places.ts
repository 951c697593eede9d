import type { Recording, RecordingCopy } from '@tapedeck/core';
import type { Terminal } from '../terminal.ts';
import { readableUrl } from './url.ts';

/** Where the finished files are, as one would type it, by storage: copies are in several. */
export function outputPlaces({
  status,
}: Recording | RecordingCopy): readonly { readonly storage: string; readonly files: readonly string[] }[] {
  const byStorage = Map.groupBy(status?.outputs ?? [], ({ storage }) => storage);
  return [...byStorage].map(([storage, outputs]) => ({
    storage,
    files: outputs.map(({ url, key }) => readableUrl(url ?? key)),
  }));
}

/** A line a file; of files in several storages it is said beside them which are in which. */
export function printPlaces(terminal: Terminal, resource: Recording | RecordingCopy): void {
  const places = outputPlaces(resource);
  for (const { storage, files } of places) {
    if (places.length > 1) terminal.say(`In ${storage}:`);
    for (const file of files) terminal.print(file);
  }
}
