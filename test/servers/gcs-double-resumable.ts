import { randomBytes } from 'node:crypto';
import { Refusal } from './gcs-double-answer.ts';
import type { Objects } from './gcs-double-objects.ts';

const MULTIPLE = 256 * 1024;

interface Session {
  readonly name: string;
  readonly contentType: string;
  readonly metadata: object;
  content: Buffer;
  /** Of the finished object. */
  finished?: { readonly name: string; readonly size: string; readonly etag: string };
}

export interface SessionAnswer {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

/** Resumable sessions (https://cloud.google.com/storage/docs/resumable-uploads), with the checks of the real ones. */
export interface Sessions {
  /** Returns the session's id. */
  start(about: { name: string; contentType?: string; metadata?: object }): string;
  /** Whoever knows the id may write. */
  write(id: string, contentRange: string, body: Buffer): Promise<SessionAnswer>;
  cancel(id: string): SessionAnswer;
  /** Names of the objects whose sessions are open. */
  readonly open: readonly string[];
}

export interface SessionOptions {
  /** Of each request only so many bytes are kept, as the real ones may. */
  readonly keepAtMost?: number;
  /** Bytes that are there already are refused instead of ignored. */
  readonly refusesOverlap?: boolean;
}

export function createSessions(
  objects: Objects,
  { keepAtMost = Number.POSITIVE_INFINITY, refusesOverlap = false }: SessionOptions,
): Sessions {
  const sessions = new Map<string, Session>();
  const find = (id: string): Session => {
    const session = sessions.get(id);
    if (session === undefined) throw new Refusal(404, 'NoSuchUpload', 'Not Found', 'notFound');
    return session;
  };
  const finish = async (session: Session): Promise<SessionAnswer> => {
    const { name, contentType, metadata, content } = session;
    // ifGenerationMatch=0 is asked again when the object comes to be.
    if (await objects.exists(name)) {
      throw new Refusal(
        412,
        'PreconditionFailed',
        'At least one of the pre-conditions did not hold.',
        'conditionNotMet',
      );
    }
    const { etag } = await objects.write(name, contentType, metadata, content);
    session.finished = { name, size: String(content.length), etag };
    session.content = Buffer.alloc(0);
    return { status: 200, body: session.finished };
  };

  return {
    start({ name, contentType = 'application/octet-stream', metadata = {} }) {
      const id = randomBytes(48).toString('base64url');
      sessions.set(id, { name, contentType, metadata, content: Buffer.alloc(0) });
      return id;
    },

    async write(id, contentRange, body) {
      const session = find(id);
      if (session.finished !== undefined) return { status: 200, body: session.finished };
      const [, first, last, total] = /^bytes (?:(\d+)-(\d+)|\*)\/(\d+|\*)$/.exec(contentRange) ?? [];
      if (total === undefined) throw new Refusal(400, 'InvalidArgument', 'Invalid Content-Range.');
      const held = session.content.length;
      if (first !== undefined) {
        const start = Number(first);
        if (Number(last) - start + 1 !== body.length) {
          throw new Refusal(400, 'InvalidArgument', 'The Content-Range does not fit the body.');
        }
        if (start > held) {
          throw new Refusal(
            503,
            'ServiceUnavailable',
            `Invalid request. According to the Content-Range header, the upload offset is ${start} byte(s), which exceeds already uploaded size of ${held} byte(s).`,
            'backendError',
          );
        }
        if (start < held && refusesOverlap) {
          throw new Refusal(400, 'InvalidArgument', 'The Content-Range begins before what was persisted.');
        }
        const isLast = total !== '*' && Number(total) === Number(last) + 1;
        if (!isLast && body.length % MULTIPLE !== 0) {
          throw new Refusal(400, 'InvalidArgument', `The chunk is no multiple of ${MULTIPLE} bytes.`);
        }
        const fresh = body.subarray(held - start);
        const kept = isLast ? fresh : fresh.subarray(0, keepAtMost);
        session.content = Buffer.concat([session.content, kept]);
      }
      if (total !== '*') {
        if (session.content.length > Number(total))
          throw new Refusal(400, 'InvalidArgument', 'The total is too small.');
        if (session.content.length === Number(total)) return finish(session);
      }
      const { length } = session.content;
      return { status: 308, ...(length > 0 && { headers: { range: `bytes=0-${length - 1}` } }) };
    },

    cancel(id) {
      find(id);
      sessions.delete(id);
      return { status: 499 };
    },

    get open() {
      return [...sessions.values()].flatMap(({ name, finished }) => (finished === undefined ? [name] : []));
    },
  };
}
