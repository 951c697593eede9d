/** A Secret's values in clear. They live in memory alone. */
export interface SecretEntry {
  readonly namespace: string;
  readonly name: string;
  readonly values: Readonly<Record<string, string>>;
}

export interface SecretCache {
  put(entries: readonly SecretEntry[]): void;
  get(namespace: string, name: string): SecretEntry['values'] | undefined;
  /** Everything, for handing it to whoever controls. */
  all(): readonly SecretEntry[];
}

export function createSecretCache(): SecretCache {
  const entries = new Map<string, SecretEntry>();
  return {
    put(added) {
      for (const entry of added) entries.set(`${entry.namespace}/${entry.name}`, entry);
    },
    get: (namespace, name) => entries.get(`${namespace}/${name}`)?.values,
    all: () => [...entries.values()],
  };
}
