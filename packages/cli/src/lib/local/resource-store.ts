import { randomUUID } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { isDeepStrictEqual } from 'node:util';
import type { Kind, ResourceByKind, ResourceKey, ResourceStore } from '@tapedeck/control';
import { TapedeckError } from '@tapedeck/core/error';
import type { ApplyEntry, ApplyOutcome, ResourceClient } from '../resource-client.ts';
import { type Appliable, mergeApplied } from './apply-merge.ts';
import { createChangeFeed } from './change-feed.ts';
import { transact } from './database.ts';
import { type ResourceRow, readResourceRow, resourceOf } from './resource-row.ts';

/** Removals that watchers in other processes may not have seen yet; they look five times a second. */
const keptRemovals = 10_000;

/** Local mode's resources: control's store, and what the command line does to it. Calls take milliseconds. */
export interface LocalStore extends ResourceStore, Omit<ResourceClient, 'watch'> {
  /** As control's store has it: whatever changed in any kind and namespace. */
  watch: ResourceStore['watch'];
  close(): void;
}

export function createLocalStore(database: DatabaseSync): LocalStore {
  const feed = createChangeFeed(database);
  const select = database.prepare('SELECT * FROM resources WHERE kind = ? AND namespace = ? AND name = ?');
  const selectAll = database.prepare(
    'SELECT * FROM resources WHERE kind = :kind AND (:namespace IS NULL OR namespace = :namespace) ORDER BY namespace, name',
  );
  const nextVersion = database.prepare('UPDATE counter SET value = value + 1 RETURNING value');
  const insert = database.prepare(`
    INSERT INTO resources (kind, namespace, name, uid, generation, version, created, labels, annotations, spec, applied)
    VALUES (:kind, :namespace, :name, :uid, 1, :version, :created, :labels, :annotations, :spec, :applied)`);
  const update = database.prepare(`
    UPDATE resources SET generation = :generation, version = :version, labels = :labels,
      annotations = :annotations, spec = :spec, applied = :applied WHERE uid = :uid`);
  const updateStatus = database.prepare('UPDATE resources SET version = ?, status = ? WHERE uid = ?');
  const selectStatus = database.prepare('SELECT status FROM resources WHERE uid = ?');
  const updateDeleted = database.prepare('UPDATE resources SET version = ?, deleted = ? WHERE uid = ?');
  const erase = database.prepare('DELETE FROM resources WHERE uid = ?');
  const insertRemoval = database.prepare('INSERT INTO removals VALUES (?, ?, ?, ?)');
  const pruneRemovals = database.prepare('DELETE FROM removals WHERE version <= ?');

  const version = () => Number(nextVersion.get()?.value);
  const find = (key: ResourceKey): ResourceRow | undefined => {
    const row = select.get(key.kind, key.namespace, key.name);
    return row && readResourceRow(row);
  };

  function write<T>(work: () => T): T {
    const result = transact(database, work);
    feed.look();
    return result;
  }

  function existing(key: ResourceKey): ResourceRow {
    const row = find(key);
    if (row !== undefined) return row;
    throw new TapedeckError('NotFound', `there is no ${key.kind} ${key.name} in namespace ${key.namespace}`);
  }

  function change(row: ResourceRow, next: Appliable, applied: string, rules: ChangeRules): ApplyOutcome {
    const spec = JSON.parse(row.spec);
    const changedSpec = !isDeepStrictEqual(spec, next.spec);
    const problems = changedSpec ? rules(row.kind, spec, next.spec) : [];
    if (problems.length > 0) {
      throw new TapedeckError('InvalidManifest', `${row.kind} ${row.name}: ${problems.join('; ')}`);
    }
    const labels = encodeMap(next.labels);
    const annotations = encodeMap(next.annotations);
    const changed = changedSpec || labels !== row.labels || annotations !== row.annotations;
    if (!changed && applied === row.applied) return 'unchanged';
    update.run({
      uid: row.uid,
      generation: row.generation + (changedSpec ? 1 : 0),
      version: version(),
      labels,
      annotations,
      spec: JSON.stringify(next.spec),
      applied,
    });
    return changed ? 'configured' : 'unchanged';
  }

  function applyOne({ key, manifest }: ApplyEntry, rules: ChangeRules): ApplyOutcome {
    const applied = JSON.stringify(manifest);
    const row = find(key);
    if (row === undefined) {
      insert.run({
        ...key,
        uid: randomUUID(),
        version: version(),
        created: new Date().toISOString(),
        labels: encodeMap(manifest.labels),
        annotations: encodeMap(manifest.annotations),
        spec: JSON.stringify(manifest.spec),
        applied,
      });
      return 'created';
    }
    if (row.deleted !== null) {
      throw new TapedeckError(
        'AlreadyExists',
        `${key.kind} ${key.name} is being deleted; apply it again once it is gone`,
      );
    }
    const live = resourceOf(row);
    const before = JSON.parse(row.applied) as Appliable;
    const next = {
      labels: mergeMaps(live.metadata.labels, before.labels, manifest.labels),
      annotations: mergeMaps(live.metadata.annotations, before.annotations, manifest.annotations),
      spec: mergeApplied({ ...live.spec }, before.spec, manifest.spec),
    };
    return change(row, next, applied, rules);
  }

  return {
    async get<K extends Kind>(kind: K, namespace: string, name: string) {
      const row = find({ kind, namespace, name });
      return row === undefined ? undefined : resourceOf<K>(row);
    },

    async list<K extends Kind>(kind: K, namespace?: string): Promise<readonly ResourceByKind[K][]> {
      const rows = selectAll.all({ kind, namespace: namespace ?? null });
      return rows.map((row) => resourceOf<K>(readResourceRow(row)));
    },

    async writeStatus(resource, status) {
      const uid = resource.metadata.uid ?? '';
      write(() => {
        const row = selectStatus.get(uid);
        if (row === undefined) return;
        const text = JSON.stringify(status);
        const kept = typeof row.status === 'string' ? row.status : undefined;
        if (kept !== undefined && isDeepStrictEqual(JSON.parse(kept), JSON.parse(text))) return;
        updateStatus.run(version(), text, uid);
      });
    },

    async remove(key, uid) {
      write(() => {
        if (find(key)?.uid !== uid) return;
        erase.run(uid);
        const removal = version();
        insertRemoval.run(removal, key.kind, key.namespace, key.name);
        pruneRemovals.run(removal - keptRemovals);
      });
    },

    watch: (onChange, signal) => feed.subscribe(onChange, signal),

    async apply(entries) {
      const rules = await changeRules();
      return write(() => entries.map((entry) => applyOne(entry, rules)));
    },

    async setState(namespace, name, state) {
      const key: ResourceKey = { kind: 'Recording', namespace, name };
      const rules = await changeRules();
      return write(() => {
        const row = existing(key);
        const live = resourceOf<'Recording'>(row);
        const next = { ...live.metadata, spec: { ...live.spec, state } };
        change(row, next, row.applied, rules);
        return resourceOf<'Recording'>(existing(key));
      });
    },

    async annotate(key, annotations) {
      write(() => {
        const row = find(key);
        if (row === undefined) return;
        const { metadata, spec } = resourceOf(row);
        const next = {
          ...metadata,
          annotations: { ...metadata.annotations, ...annotations },
          spec: { ...spec },
        };
        change(row, next, row.applied, () => []);
      });
    },

    async requestDeletion(key) {
      write(() => {
        const row = existing(key);
        if (row.deleted === null) updateDeleted.run(version(), new Date().toISOString(), row.uid);
      });
    },

    close: () => feed.close(),
  };
}

/** What of a spec may not change like that; from core's whole model, which reading does without. */
type ChangeRules = (
  kind: Kind,
  ...specs: Parameters<typeof import('@tapedeck/core').recordingChangeProblems>
) => readonly string[];

async function changeRules(): Promise<ChangeRules> {
  const { recordingChangeProblems, recordingCopyChangeProblems } = await import('@tapedeck/core');
  return (kind, ...specs) => {
    if (kind === 'Recording') return recordingChangeProblems(...specs);
    return kind === 'RecordingCopy' ? recordingCopyChangeProblems(...specs) : [];
  };
}

type StringMap = Readonly<Record<string, string>>;

function encodeMap(map: StringMap | undefined): string | null {
  return map === undefined || Object.keys(map).length === 0 ? null : JSON.stringify(map);
}

function mergeMaps(live: StringMap = {}, before: StringMap = {}, now: StringMap = {}): StringMap {
  return mergeApplied(live, before, now) as StringMap;
}
