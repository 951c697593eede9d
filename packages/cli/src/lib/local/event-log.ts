import type { DatabaseSync } from 'node:sqlite';
import type { Events, Kind } from '@tapedeck/control';
import type { ResourceEvent } from '../output/resource-description.ts';
import { transact } from './database.ts';
import { createFieldReader } from './field-reader.ts';

/** Some 300 B each: about 1.5 MB of history. */
const keptEvents = 5_000;

export interface EventLog extends Events {
  /** Oldest first. */
  list(uid: string): readonly ResourceEvent[];
}

/** What happened to resources, for `describe`. The same thing twice in a row is one line with a count. */
export function createEventLog(database: DatabaseSync): EventLog {
  const newest = database.prepare(
    'SELECT id, type, reason, message FROM events WHERE uid = ? ORDER BY id DESC LIMIT 1',
  );
  const repeat = database.prepare('UPDATE events SET count = count + 1, last = ? WHERE id = ?');
  const insert = database.prepare(`
    INSERT INTO events (kind, namespace, name, uid, type, reason, message, count, first, last)
    VALUES (:kind, :namespace, :name, :uid, :type, :reason, :message, 1, :now, :now)`);
  const prune = database.prepare('DELETE FROM events WHERE id <= ?');
  const select = database.prepare('SELECT * FROM events WHERE uid = ? ORDER BY id');
  return {
    record(resource, event) {
      const now = new Date().toISOString();
      transact(database, () => {
        const last = newest.get(resource.uid);
        const same =
          last?.type === event.type && last.reason === event.reason && last.message === event.message;
        if (same && last !== undefined) {
          repeat.run(now, Number(last.id));
          return;
        }
        const { kind, namespace, name, uid } = resource;
        const row: Record<'kind', Kind> & Record<string, string> = {
          kind,
          namespace,
          name,
          uid,
          ...event,
          now,
        };
        const { lastInsertRowid } = insert.run(row);
        prune.run(Number(lastInsertRowid) - keptEvents);
      });
    },
    list: (uid) => select.all(uid).map(eventOf),
  };
}

function eventOf(row: unknown): ResourceEvent {
  const fields = createFieldReader(row, 'a stored event');
  return {
    type: fields.word('type', ['Normal', 'Warning']),
    reason: fields.text('reason'),
    message: fields.text('message'),
    count: fields.number('count'),
    first: fields.text('first'),
    last: fields.text('last'),
  };
}
