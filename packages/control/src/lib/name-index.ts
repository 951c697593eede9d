import { fileTimestamp, type Recording, roomSlug } from '@tapedeck/core';

/**
 * Which recordings would get the same file name: the same room asked for in the same second, whatever the namespace,
 * because buckets know no namespaces. Whoever is added later finds whoever came before, so that of two at least
 * one adds its uid.
 */
export interface NameIndex {
  /** Adds the recording, and tells whether another one shares its name. */
  add(recording: Recording): boolean;
  remove(uid: string): void;
}

export function createNameIndex(): NameIndex {
  const byName = new Map<string, Set<string>>();
  const nameOf = new Map<string, string>();
  return {
    add({ spec, metadata, status }) {
      const uid = metadata.uid ?? '';
      const time = new Date(metadata.creationTimestamp ?? Number.NaN);
      const slug = roomSlug(spec.room ?? '');
      if (slug === '' || Number.isNaN(time.getTime())) return false;
      const name = `${fileTimestamp(time)}/${slug}`;
      const shared = byName.get(name) ?? new Set();
      byName.set(name, shared.add(uid));
      nameOf.set(uid, name);
      return status?.keyBase === undefined && shared.size > 1;
    },
    remove(uid) {
      const name = nameOf.get(uid);
      if (name === undefined) return;
      nameOf.delete(uid);
      const shared = byName.get(name);
      shared?.delete(uid);
      if (shared?.size === 0) byName.delete(name);
    },
  };
}
