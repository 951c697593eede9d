import { expect, it } from 'vitest';
import { createRunLog } from '../run-log.ts';
import { createPageSteps } from './page-steps.ts';

const log = createRunLog('test', () => undefined);

function start() {
  const control = new AbortController();
  const ended: string[] = [];
  const steps = createPageSteps('https://h/room', { signal: control.signal, log });
  const end = async (name: string) => void ended.push(name);
  const take = async (name: string) => await steps.take(async () => name, end);
  return { control, ended, steps, end, take };
}

it('ends what was started, the last first and each once', async () => {
  const { ended, steps, take } = start();
  await take('display');
  await take('browser');
  await Promise.all([steps.close(), steps.close()]);
  expect(ended).toEqual(['browser', 'display']);
});

it('ends everything at once when it is called off, and what starts only then as soon as it has', async () => {
  const { control, ended, steps, end, take } = start();
  const slow = Promise.withResolvers<string>();
  await take('display');
  const taken = steps.take(() => slow.promise, end);
  control.abort();
  await expect(taken).rejects.toMatchObject({ code: 'Aborted', message: 'https://h/room was called off.' });
  await steps.close();
  expect(ended).toEqual(['display']);
  await expect(take('browser')).rejects.toMatchObject({ code: 'Aborted' });
  slow.resolve('sound');
  await slow.promise;
  expect(ended).toEqual(['display', 'sound']);
});

it('keeps what is there when the signal comes later', async () => {
  const { control, ended, steps, take } = start();
  await take('display');
  steps.keep();
  control.abort();
  expect(ended).toEqual([]);
  await steps.close();
  expect(ended).toEqual(['display']);
});
