import { expect, it } from 'vitest';
import { oneAtATime } from './one-at-a-time.ts';

it('does what is asked for meanwhile once more, and never two at a time', async () => {
  const gates: PromiseWithResolvers<void>[] = [];
  let ended = 0;
  const look = oneAtATime(async () => {
    const gate = Promise.withResolvers<void>();
    gates.push(gate);
    await gate.promise;
    ended++;
  });
  const asked = [look(), look(), look()];
  expect(gates).toHaveLength(1);
  gates[0]?.resolve();
  await expect.poll(() => gates.length).toBe(2);
  expect(ended).toBe(1);
  gates[1]?.resolve();
  await Promise.all(asked);
  expect(gates).toHaveLength(2);
  const last = look();
  gates[2]?.resolve();
  await last;
  expect(ended).toBe(3);
});

it('goes on after a failure', async () => {
  let times = 0;
  const look = oneAtATime(async () => {
    times++;
    if (times === 1) throw new Error('away');
  });
  await expect(look()).rejects.toThrow('away');
  await look();
  expect(times).toBe(2);
});
