import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { createSync, joinCalls } from './sftp-sync.ts';

describe('calls that are joined', () => {
  it('share one that begins after all of them came', async () => {
    const begun: PromiseWithResolvers<number>[] = [];
    const call = joinCalls(() => {
      const next = Promise.withResolvers<number>();
      begun.push(next);
      return next.promise;
    });
    const first = call('a');
    const late = [call('a'), call('a')];
    expect(begun.length).toBe(1);
    begun[0]?.resolve(1);
    expect(await first).toBe(1);
    await turn();
    expect(begun.length).toBe(2);
    const later = call('a');
    begun[1]?.resolve(2);
    expect(await Promise.all(late)).toEqual([2, 2]);
    await turn();
    begun[2]?.resolve(3);
    expect(await later).toBe(3);
    void call('a');
    expect(begun.length).toBe(4);
  });

  it('go on after one that failed, and do not wait for those of another key', async () => {
    const seen: string[] = [];
    const call = joinCalls(async (key) => {
      const count = seen.push(key);
      await turn();
      if (count < 3) throw new Error(key);
      return key;
    });
    const calls = [call('a'), call('b'), call('a')];
    expect((await Promise.allSettled(calls)).map(({ status }) => status)).toEqual([
      'rejected',
      'rejected',
      'fulfilled',
    ]);
    expect(seen).toEqual(['a', 'b', 'a']);
  });
});

describe('a file is brought onto the disk', () => {
  const scene = (session?: (path: string) => Promise<void>) => {
    const log: string[] = [];
    let end: () => void = () => undefined;
    const state = { isBusy: false };
    const sync = createSync({
      isBusy: () => state.isBusy,
      openSecond(opened, ended) {
        log.push('asked');
        end = ended;
        if (session === undefined) return;
        opened({
          async sync(path) {
            log.push(`there ${path}`);
            await session(path);
          },
        });
      },
    });
    const here = async () => {
      log.push('here');
    };
    return { log, state, run: () => sync('x', here), end: () => end() };
  };

  it('here, while nobody else waits for the server', async () => {
    const { log, run } = scene(async () => undefined);
    await run();
    expect(log).toEqual(['here']);
  });

  it('in a second session, while others write, until that ends', async () => {
    const { log, state, run, end } = scene(async () => undefined);
    state.isBusy = true;
    await run();
    end();
    await run();
    expect(log).toEqual(['asked', 'there x', 'here']);
  });

  it('here, where the server allows one session, and it is asked once', async () => {
    const { log, state, run } = scene();
    state.isBusy = true;
    await run();
    await run();
    expect(log).toEqual(['asked', 'here', 'here']);
  });

  it('here as well, where it failed there', async () => {
    const { log, state, run } = scene(() => Promise.reject(new Error('gone')));
    state.isBusy = true;
    await run();
    expect(log).toEqual(['asked', 'there x', 'here']);
  });
});
