import type { Recording } from '@tapedeck/core';
import { readableUrl } from './url.ts';

/** Where the finished files are, as one would type it, by storage: copies are in several. */
export function outputPlaces({
  status,
}: Recording): readonly { readonly storage: string; readonly files: readonly string[] }[] {
  const byStorage = Map.groupBy(status?.outputs ?? [], ({ storage }) => storage);
  return [...byStorage].map(([storage, outputs]) => ({
    storage,
    files: outputs.map(({ url, key }) => readableUrl(url ?? key)),
  }));
}
