import { mkdtemp, readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listNumbers, openSpool, spoolName } from './spool.ts';

let scratch = '';
beforeEach(async () => {
  scratch = await mkdtemp(path.join(tmpdir(), 'tapedeck-spool-'));
});
afterEach(() => rm(scratch, { recursive: true, force: true }));

const part = (number: number, text: string, offset = 0) => ({
  number,
  offset,
  size: text.length,
  bytes: [Buffer.from(text.slice(0, 2)), Buffer.from(text.slice(2))],
});

describe('the spool', () => {
  it('gives parts back to another process, the newest of each number', async () => {
    const directory = path.join(scratch, spoolName('bucket', 'a/b.mp4'));
    const spool = await openSpool(directory, 1000);
    await spool.write(part(1, 'first'));
    await spool.write(part(2, 'unfinished', 5));
    await spool.write(part(2, 'unfinished and more', 5));
    expect(spool.bytes).toBe(5 + 19);
    const other = await openSpool(directory, 1000);
    expect(await listNumbers(directory)).toEqual([1, 2]);
    const read = await other.read(2);
    expect(read).toMatchObject({ number: 2, offset: 5, size: 19 });
    expect(Buffer.concat(read.bytes).toString()).toBe('unfinished and more');
    await other.remove(1);
    expect(await listNumbers(directory)).toEqual([2]);
    await other.clear();
    expect(await readdir(scratch)).toEqual([]);
  });

  it('tells how new a part is to whoever sends it, and takes one that an older version left', async () => {
    const spool = await openSpool(path.join(scratch, 'x'), 1000);
    await spool.write({ ...part(1, 'newer'), revision: 7 });
    await spool.write(part(2, 'without'));
    expect(await spool.read(1)).toMatchObject({ revision: 7 });
    expect(await spool.read(2)).not.toHaveProperty('revision');
  });

  it('keeps to its limit, and to what it holds when it is reached', async () => {
    const spool = await openSpool(path.join(scratch, 'x'), 20);
    await spool.write(part(1, '0123456789'));
    await expect(spool.write(part(2, '0123456789+'))).rejects.toMatchObject({ code: 'SpoolFull' });
    await spool.write(part(1, '0123456789012345678+'));
    expect(spool.bytes).toBe(20);
  });

  it('does not take a file that was cut or changed for a part', async () => {
    const directory = path.join(scratch, 'x');
    const spool = await openSpool(directory, 1000);
    await spool.write(part(1, 'whole'));
    await spool.write(part(2, 'cut off'));
    await truncate(path.join(directory, '00002.part'), 256 + 3);
    await writeFile(path.join(directory, '00003.part'), 'no header');
    await expect(spool.read(2)).rejects.toThrow(/damaged/);
    const other = await openSpool(directory, 1000);
    expect([1, 2, 3].map((number) => other.has(number))).toEqual([true, false, false]);
  });

  it('has a name of its own for every storage and key', () => {
    const names = [spoolName('a', 'b'), spoolName('a', 'c'), spoolName('b', 'b'), spoolName('a\0b', '')];
    expect(new Set(names).size).toBe(4);
  });
});
