import { Refusal } from './gcs-double-answer.ts';

/** Finished objects, kept by fake-gcs-server and reached by its JSON API. */
export interface Objects {
  exists(key: string): Promise<boolean>;
  write(key: string, contentType: string, metadata: object, content: Buffer): Promise<{ etag: string }>;
  /** The answer as it is: 200, 206 or 404. */
  read(key: string, range?: string): Promise<Response>;
  delete(key: string): Promise<boolean>;
  list(prefix: string): Promise<{ name: string; size: string; etag: string }[]>;
}

export function openObjects(server: string, bucket: string): Objects {
  const objects = `${server}/storage/v1/b/${bucket}/o`;
  const one = (key: string) => `${objects}/${encodeURIComponent(key)}`;
  return {
    async exists(key) {
      const answer = await fetch(one(key));
      await answer.arrayBuffer();
      return answer.ok;
    },
    async write(key, contentType, metadata, content) {
      const boundary = 'tapedeck-double';
      const about = JSON.stringify({ name: key, contentType, metadata });
      const body = Buffer.concat([
        Buffer.from(`--${boundary}\r\ncontent-type: application/json\r\n\r\n${about}\r\n`),
        Buffer.from(`--${boundary}\r\ncontent-type: ${contentType}\r\n\r\n`),
        content,
        Buffer.from(`\r\n--${boundary}--\r\n`),
      ]);
      const answer = await fetch(`${server}/upload/storage/v1/b/${bucket}/o?uploadType=multipart`, {
        method: 'POST',
        headers: { 'content-type': `multipart/related; boundary=${boundary}` },
        body,
      });
      if (!answer.ok) throw new Refusal(500, 'InternalError', `fake-gcs-server said ${answer.status}`);
      return (await answer.json()) as { etag: string };
    },
    read: (key, range) => fetch(`${one(key)}?alt=media`, { headers: range === undefined ? {} : { range } }),
    async delete(key) {
      return (await fetch(one(key), { method: 'DELETE' })).ok;
    },
    async list(prefix) {
      const answer = await fetch(`${objects}?prefix=${encodeURIComponent(prefix)}`);
      const { items = [] } = (await answer.json()) as {
        items?: { name: string; size: string; etag: string }[];
      };
      return items;
    },
  };
}
