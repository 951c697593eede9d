import type { ExternalStorage } from './external-storage.ts';
import type { StorageSelection } from './recording.ts';

/** On an ExternalStorage: the default of its namespace when "true". */
export const defaultStorageAnnotation = 'tapedeck.dev/is-default';

export interface StorageChoice {
  /** In order of preference. */
  readonly names: readonly string[];
  readonly from: 'Recording' | 'Profile' | 'NamespaceDefault' | 'ClusterDefault';
}

export interface StorageChoiceInput {
  readonly recording?: StorageSelection | undefined;
  readonly profile?: StorageSelection | undefined;
  /** All ExternalStorages of the recording's namespace. */
  readonly storages: readonly ExternalStorage[];
  /** Name of an ExternalStorage to look for in the recording's own namespace: Secrets do not cross namespaces. */
  readonly clusterDefault?: string | undefined;
}

/**
 * Where a recording goes: what it says itself, then its profile, then the namespace's default, then the cluster's.
 * A problem is a sentence that says what to do.
 */
export function chooseStorage(input: StorageChoiceInput): StorageChoice | { readonly problem: string } {
  const { recording, profile, storages, clusterDefault } = input;
  if (recording !== undefined) return { names: recording.refs.map((ref) => ref.name), from: 'Recording' };
  if (profile !== undefined) return { names: profile.refs.map((ref) => ref.name), from: 'Profile' };
  const defaults = storages
    .filter((storage) => storage.metadata.annotations?.[defaultStorageAnnotation] === 'true')
    .map((storage) => storage.metadata.name)
    .sort();
  const [first, ...others] = defaults;
  if (first !== undefined && others.length === 0) return { names: [first], from: 'NamespaceDefault' };
  if (first !== undefined) {
    return {
      problem: `${defaults.length} storages are marked as the default (${defaults.join(', ')}); leave ${defaultStorageAnnotation} on one of them or name one in spec.storage.refs`,
    };
  }
  if (clusterDefault !== undefined) return { names: [clusterDefault], from: 'ClusterDefault' };
  return {
    problem: `no storage is named and there is no default; name one in spec.storage.refs or annotate an ExternalStorage with ${defaultStorageAnnotation}: "true"`,
  };
}
