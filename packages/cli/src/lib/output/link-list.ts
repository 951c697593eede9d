import type { LinkReport, RecordingOutput } from '@tapedeck/core';

type Link = LinkReport['links'][number];

/** The links of a recording as it lists its files, whichever storage each is in. Copies have the same key in each of theirs. */
export function listLinks(
  outputs: readonly Pick<RecordingOutput, 'storage' | 'key'>[],
  linksByStorage: ReadonlyMap<string, readonly Link[]>,
): readonly Link[] {
  return outputs.flatMap(
    ({ storage, key }) => linksByStorage.get(storage)?.find((link) => link.key === key) ?? [],
  );
}
