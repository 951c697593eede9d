import { describe, expect, it } from 'vitest';
import { blockId, newestOf, parseBlockId, receiptOf } from './azure-block.ts';

const md5 = '5d41402abc4b2a76b9719d911017c592';
const block = { upload: '0123456789ab', number: 7, revision: 12, md5 };

describe('the id of an Azure block', () => {
  it('is of one length for all parts, within the limit, and says what the block is', () => {
    const ids = [block, { ...block, number: 50_000, revision: 9_999_999_999 }].map(blockId);
    expect(ids.map((id) => Buffer.from(id, 'base64').length)).toEqual([62, 62]);
    expect(ids.map(parseBlockId)[0]).toEqual(block);
  });

  it.each(['AAAA', Buffer.from('0123456789ab.7.12.x').toString('base64'), ''])(
    'is not taken for ours when it is %j',
    (id) => {
      expect(parseBlockId(id)).toBeUndefined();
    },
  );

  it('differs with the bytes and the revision: no put replaces another', () => {
    const one = receiptOf({ bytes: [Buffer.from('hel'), Buffer.from('lo')], revision: 3 });
    expect(one).toEqual({ revision: 3, md5 });
    expect(receiptOf({ bytes: [Buffer.from('other')] })).not.toMatchObject({ md5 });
  });
});

it('finds the newest of each number: by revision, then by length', () => {
  const listed = (number: number, revision: number, size: number) => ({
    block: { ...block, number, revision },
    size,
  });
  const newest = newestOf([
    listed(2, 1, 10),
    listed(1, 5, 30),
    listed(2, 0, 50),
    listed(1, 5, 20),
    listed(2, 4, 5),
  ]);
  expect(newest).toEqual([listed(1, 5, 30), listed(2, 4, 5)]);
});
