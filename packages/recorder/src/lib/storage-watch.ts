import type { RunSpec, RunStorageState, TapedeckError } from '@tapedeck/core';
import type { TrackedFile } from './run-book.ts';

/** What a run knows of its storages. */
export interface StorageWatch {
  /** It was given up for another one. */
  lose(storage: string, error: TapedeckError, now: Date): void;
  /** How each fares that was put to use, in the order of the spec. */
  read(files: readonly TrackedFile[], now: Date): RunStorageState[];
}

/** Follows what the storages of a run hold, to tell when each last took something. */
export function createStorageWatch(spec: Pick<RunSpec, 'attempt' | 'previous' | 'storages'>): StorageWatch {
  const held = new Map<string, number>();
  const taken = new Map<string, string>();
  const lost = new Map<string, NonNullable<RunStorageState['away']>>();
  for (const { name } of spec.storages) {
    const of = spec.previous.filter(({ storage, state }) => storage === name && state === 'Complete');
    held.set(
      name,
      of.reduce((sum, { bytes }) => sum + bytes, 0),
    );
  }

  return {
    lose(storage, { code, message }, now) {
      const time = now.toISOString();
      lost.set(storage, { code, message, since: time, time });
    },

    read(files, now) {
      const time = now.toISOString();
      return spec.storages.flatMap(({ name, generation }): RunStorageState[] => {
        const own = files.filter(({ file }) => file.storage === name);
        const stored = own.reduce((sum, each) => sum + storedBytes(each), 0);
        if (stored > (held.get(name) ?? 0)) {
          taken.set(name, time);
          lost.delete(name);
        }
        held.set(name, stored);
        const troubles = own.flatMap(({ progress }) => progress?.trouble ?? []);
        const [trouble] = troubles.toSorted((a, b) => a.sinceMs - b.sinceMs);
        const away =
          trouble === undefined
            ? lost.get(name)
            : {
                code: trouble.code,
                message: trouble.message,
                since: new Date(trouble.sinceMs).toISOString(),
                time,
              };
        const storedTime = taken.get(name);
        const used = own.some(
          ({ file, progress }) => progress !== undefined || file.attempt === spec.attempt,
        );
        if (!used && away === undefined && storedTime === undefined) return [];
        return [
          {
            name,
            ...(generation === undefined ? {} : { generation }),
            bytesStored: stored,
            ...(storedTime === undefined ? {} : { storedTime }),
            ...(away === undefined ? {} : { away }),
          },
        ];
      });
    },
  };
}

function storedBytes({ file, progress }: TrackedFile): number {
  return progress?.bytesStored ?? (file.state === 'Complete' ? file.bytes : 0);
}
