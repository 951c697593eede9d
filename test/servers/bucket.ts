import { createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  NoSuchKey,
  S3Client,
} from '@aws-sdk/client-s3';
import type { VersityGw } from './versitygw.ts';

/** A look into the bucket from outside, by nothing of ours. */
export interface Bucket {
  keys(): Promise<string[]>;
  download(key: string, path: string): Promise<void>;
  /** That many bytes of an object, or fewer at its end; undefined when there is no such object. */
  read(key: string, start: number, length: number): Promise<Buffer | undefined>;
  delete(key: string): Promise<void>;
  /** Parts of the uploads that are open, of all keys. */
  openParts(): Promise<{ key: string; number: number; size: number; modified: Date }[]>;
  /** Keys of the uploads that are open. */
  openUploads(): Promise<string[]>;
  close(): void;
}

export function openBucket(server: VersityGw): Bucket {
  const Bucket = server.bucket;
  const client = new S3Client({
    region: server.region,
    endpoint: server.endpoint,
    forcePathStyle: true,
    credentials: { accessKeyId: server.accessKeyId, secretAccessKey: server.secretAccessKey },
  });
  return {
    async keys() {
      const { Contents } = await client.send(new ListObjectsV2Command({ Bucket }));
      return (Contents ?? []).flatMap(({ Key }) => (Key === undefined ? [] : [Key]));
    },
    async download(key, path) {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: key }));
      await pipeline(Body as Readable, createWriteStream(path));
    },
    async read(key, start, length) {
      try {
        const Range = `bytes=${start}-${start + length - 1}`;
        const { Body } = await client.send(new GetObjectCommand({ Bucket, Key: key, Range }));
        return await buffer(Body as Readable);
      } catch (error) {
        if (error instanceof NoSuchKey) return undefined;
        throw error;
      }
    },
    async delete(key) {
      await client.send(new DeleteObjectCommand({ Bucket, Key: key }));
    },
    async openParts() {
      const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
      const parts = await Promise.all(
        (Uploads ?? []).map(async ({ Key, UploadId }) => {
          const { Parts } = await client.send(new ListPartsCommand({ Bucket, Key, UploadId }));
          return (Parts ?? []).map(({ PartNumber, Size, LastModified }) => ({
            key: Key ?? '',
            number: PartNumber ?? 0,
            size: Size ?? 0,
            modified: LastModified ?? new Date(0),
          }));
        }),
      );
      return parts.flat();
    },
    async openUploads() {
      const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
      return (Uploads ?? []).map(({ Key }) => Key ?? '');
    },
    close: () => client.destroy(),
  };
}
