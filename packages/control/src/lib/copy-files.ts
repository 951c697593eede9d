import {
  type CopyFile,
  type ExternalStorage,
  joinKey,
  keyBytes,
  maxKeyBytes,
  normalizePrefix,
  parseDuration,
  type RecordingCopySpec,
  type RecordingOutput,
  TapedeckError,
} from '@tapedeck/core';

/** Objects with the same content that a run may name; see the contract. */
const maxSources = 4;

/** An output's key as its storage's drivers know it: without the prefix. */
function relativeKey({ key, storage }: RecordingOutput, storages: readonly ExternalStorage[]): string {
  const spec = storages.find(({ metadata }) => metadata.name === storage)?.spec;
  const prefix = normalizePrefix(spec?.prefix);
  return prefix !== '' && key.startsWith(`${prefix}/`) ? key.slice(prefix.length + 1) : key;
}

/** Those that can be read by what their check has found come first. */
function readableFirst(outputs: readonly RecordingOutput[], storages: readonly ExternalStorage[]) {
  const unreadable = ({ storage }: RecordingOutput) =>
    storages.find(({ metadata }) => metadata.name === storage)?.status?.capabilities?.read === false;
  return [...outputs.filter((each) => !unreadable(each)), ...outputs.filter(unreadable)];
}

/**
 * The files of a copy. What a recording wrote to several storages is one file with several sources. Throws
 * `InvalidManifest` where a copy would be its own source, or its key too long.
 */
export function copyFiles(
  outputs: readonly RecordingOutput[],
  storages: readonly ExternalStorage[],
  spec: RecordingCopySpec,
): readonly CopyFile[] {
  const target = storages.find(({ metadata }) => metadata.name === spec.storage.name);
  const groups = Map.groupBy(outputs, (output) => `${output.segment ?? 1} ${relativeKey(output, storages)}`);
  return [...groups.values()].flatMap((group): CopyFile[] => {
    const [first] = group;
    if (first === undefined) return [];
    const ownKey = relativeKey(first, storages);
    const key =
      spec.directory === undefined
        ? ownKey
        : joinKey(normalizePrefix(spec.directory), ownKey.slice(ownKey.lastIndexOf('/') + 1));
    if (group.some(({ storage }) => storage === spec.storage.name) && key === ownKey) {
      throw new TapedeckError(
        'InvalidManifest',
        `${key} is in storage ${spec.storage.name} already, at the place where the copy would be; name another storage or a directory.`,
      );
    }
    const fullKey = joinKey(normalizePrefix(target?.spec.prefix), key);
    if (keyBytes(fullKey) > maxKeyBytes) {
      throw new TapedeckError(
        'InvalidManifest',
        `The copy's key ${fullKey} is longer than the ${maxKeyBytes} bytes that storages take; name a shorter directory.`,
      );
    }
    return [
      {
        segment: first.segment ?? 1,
        key,
        durationSeconds: parseDuration(first.duration),
        sources: readableFirst(group, storages)
          .slice(0, maxSources)
          .map((output) => ({
            storage: output.storage,
            key: relativeKey(output, storages),
            bytes: output.bytes,
            ...(output.crc32 === undefined ? {} : { crc32: output.crc32 }),
          })),
      },
    ];
  });
}
