import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { createKeyedQueue } from './keyed-queue.ts';

const noError = (_key: string, error: unknown) => {
  throw error;
};

it('runs a key once at a time, and once more when it was added while it ran', async () => {
  let running = 0;
  let most = 0;
  let runs = 0;
  const queue = createKeyedQueue<string>({
    async run() {
      running += 1;
      runs += 1;
      most = Math.max(most, running);
      await sleep(10);
      running -= 1;
      return undefined;
    },
    onError: noError,
    concurrency: 8,
  });
  for (let time = 0; time < 20; time += 1) queue.add('a');
  await sleep(5);
  for (let time = 0; time < 20; time += 1) queue.add('a');
  await sleep(60);
  expect({ most, runs }).toEqual({ most: 1, runs: 2 });
  await queue.stop();
});

it('runs as many keys at a time as it may, urgent ones first', async () => {
  const order: string[] = [];
  let running = 0;
  let most = 0;
  const queue = createKeyedQueue<string>({
    async run(key) {
      order.push(key);
      running += 1;
      most = Math.max(most, running);
      await sleep(5);
      running -= 1;
      return undefined;
    },
    onError: noError,
    concurrency: 2,
  });
  for (const key of ['a', 'b', 'c', 'd']) queue.add(key);
  queue.add('z', { urgent: true });
  await sleep(60);
  expect(order[0]).toBe('z');
  expect(order).toHaveLength(5);
  expect(most).toBe(2);
  await queue.stop();
});

it('backs off from a key that fails, and forgets when it works again', async () => {
  const times: number[] = [];
  const errors: unknown[] = [];
  const queue = createKeyedQueue<string>({
    async run() {
      times.push(Date.now());
      if (times.length < 4) throw new Error(`no ${times.length}`);
      return undefined;
    },
    onError: (_key, error) => void errors.push(error),
    concurrency: 1,
    delay: 0.02,
  });
  queue.add('a');
  await sleep(300);
  expect(errors).toHaveLength(3);
  expect(times).toHaveLength(4);
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  expect(gaps[0]).toBeGreaterThanOrEqual(18);
  expect(gaps[2]).toBeGreaterThanOrEqual(75);
  await queue.stop();
});

it('comes back when asked to, at the earliest of several times', async () => {
  let runs = 0;
  const queue = createKeyedQueue<string>({
    async run() {
      runs += 1;
      return runs === 1 ? 0.02 : undefined;
    },
    onError: noError,
    concurrency: 1,
  });
  queue.addAfter('a', 30);
  queue.addAfter('a', 0.01);
  queue.addAfter('a', 20);
  await sleep(100);
  expect(runs).toBe(2);
  await queue.stop();
});

it('waits for what runs when it stops, and takes nothing more', async () => {
  let ended = 0;
  const queue = createKeyedQueue<string>({
    async run() {
      await sleep(20);
      ended += 1;
      return 0;
    },
    onError: noError,
    concurrency: 1,
  });
  queue.add('a');
  queue.add('b');
  await sleep(5);
  await queue.stop();
  queue.add('c');
  queue.addAfter('d', 0);
  await sleep(30);
  expect(ended).toBe(1);
  expect(queue.waiting).toBe(0);
});
