import { TapedeckError } from '@tapedeck/core';
import { z } from 'zod';
import type { Part } from '../../driver.ts';
import { md5Of } from '../../md5.ts';

/** `md5` in hex. With the upload's name and the part's number it makes the block's id. */
const azureReceipt = z.object({ revision: z.int().min(0), md5: z.string().length(32) });
export type AzureReceipt = z.infer<typeof azureReceipt>;

/** What a block's id says; 62 bytes of the 64 that the service allows, all of one length as it demands. */
export interface Block extends AzureReceipt {
  /** Name of the upload: 12 hex digits. */
  readonly upload: string;
  /** Of the part; 0 is the mark that an upload is open. */
  readonly number: number;
}

const idPattern = /^([0-9a-f]{12})\.(\d{5})\.(\d{10})\.([0-9a-f]{32})$/;

export function blockId({ upload, number, revision, md5 }: Block): string {
  const text = `${upload}.${String(number).padStart(5, '0')}.${String(revision).padStart(10, '0')}.${md5}`;
  return Buffer.from(text).toString('base64');
}

/** Undefined for a block of somebody else. */
export function parseBlockId(id: string): Block | undefined {
  const match = idPattern.exec(Buffer.from(id, 'base64').toString());
  if (match === null) return undefined;
  const [, upload = '', number = '', revision = '', md5 = ''] = match;
  return { upload, number: Number(number), revision: Number(revision), md5 };
}

export function parseReceipt(receipt: unknown): AzureReceipt {
  const parsed = azureReceipt.safeParse(receipt);
  if (parsed.success) return parsed.data;
  throw new TapedeckError('InvalidManifest', 'A part receipt is not one of an Azure container.');
}

export function receiptOf({ bytes, revision = 0 }: Pick<Part, 'bytes' | 'revision'>): AzureReceipt {
  return { revision, md5: md5Of(bytes).toString('hex') };
}

export interface ListedBlock {
  readonly block: Block;
  readonly size: number;
}

/** Of several blocks with one number the newest, in order of number. The service itself lists them by name. */
export function newestOf(blocks: readonly ListedBlock[]): ListedBlock[] {
  const newest = new Map<number, ListedBlock>();
  for (const each of blocks) {
    const other = newest.get(each.block.number);
    if (other === undefined || isNewer(each, other)) newest.set(each.block.number, each);
  }
  return [...newest.values()].sort((a, b) => a.block.number - b.block.number);
}

/** Parts grow, so the longer of two equal revisions is the newer. */
function isNewer(one: ListedBlock, other: ListedBlock): boolean {
  const revisions = one.block.revision - other.block.revision;
  return revisions > 0 || (revisions === 0 && one.size > other.size);
}
