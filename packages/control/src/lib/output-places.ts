import { listWords, type RecordingOutput } from '@tapedeck/core';

/** Which storage has which files, as a sentence. Copies are the same files in several storages. */
export function outputPlaces(outputs: readonly RecordingOutput[]): string {
  const places = [...Map.groupBy(outputs, ({ storage }) => storage)].map(([storage, files]) => ({
    storage,
    count: files.length,
    segments: files.map(({ segment }) => segment).join(),
  }));
  const names = listWords(places.map(({ storage }) => storage));
  const [{ count = 0, segments = '' } = {}] = places;
  if (places.length < 2) return `${count === 1 ? 'The file is' : `All ${count} files are`} in ${names}.`;
  if (places.every((place) => place.segments === segments)) {
    return `${count === 1 ? 'A copy of the file is' : `Copies of all ${count} files are`} in each of ${names}.`;
  }
  const parts = places.map((place) => `${place.count} in ${place.storage}`);
  return `All ${outputs.length} files are there: ${listWords(parts)}.`;
}
