import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { cutChunks } from './sftp-session.ts';
import { BatchingSocket } from './sftp-socket.ts';

const sizes = (views: number[], size: number) =>
  [
    ...cutChunks(
      views.map((length) => Buffer.alloc(length)),
      1000,
      size,
    ),
  ].map(({ bytes, at }) => [at, bytes.length]);

describe('the writes of a part', () => {
  it.each([
    ['nothing', [], []],
    ['empty views', [0, 0], []],
    ['one view that fits', [100], [[1000, 100]]],
    [
      'a large view, cut evenly',
      [250],
      [
        [1000, 84],
        [1084, 84],
        [1168, 82],
      ],
    ],
    ['small views, put together', [10, 20, 24], [[1000, 54]]],
    [
      'as many small views as one write takes',
      [24, 24, 24, 24, 24],
      [
        [1000, 96],
        [1096, 24],
      ],
    ],
    [
      'a large view between small ones',
      [10, 100, 10],
      [
        [1000, 10],
        [1010, 100],
        [1110, 10],
      ],
    ],
  ])('are cut from %s', (_, views, expected) => {
    expect(sizes(views, 100)).toEqual(expected);
  });

  it('hold the bytes in order', () => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    const views = [bytes.subarray(0, 3), bytes.subarray(3, 5), bytes.subarray(5, 200), bytes.subarray(200)];
    const chunks = [...cutChunks(views, 0, 40)];
    expect(Buffer.concat(chunks.map((chunk) => chunk.bytes)).equals(bytes)).toBe(true);
  });

  it('of one turn go to the system together', async () => {
    const server = createServer((socket) => socket.resume());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const socket = new BatchingSocket();
    socket.open(address.port, '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    for (let count = 0; count < 10; count++) socket.write(Buffer.alloc(10));
    expect(socket.writableLength).toBe(100);
    await new Promise((resolve) => socket.write('end', resolve));
    expect(socket.writableLength).toBe(0);
    socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
});
