import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { createDevtools, type DevtoolsEvent, longestMessage } from './devtools.ts';

function start() {
  const output = new PassThrough();
  const devtools = createDevtools(new PassThrough(), output);
  const events: DevtoolsEvent[] = [];
  devtools.listen((event) => events.push(event));
  return { devtools, output, events };
}

it('puts messages together from the pieces that they come in', async () => {
  const { devtools, output, events } = start();
  const answer = devtools.call('Browser.getVersion');
  output.write('{"id":1,"res');
  output.write('ult":7}\0{"method":"A"}\0{"meth');
  output.write('od":"B","sessionId":"s"}\0');
  expect(await answer).toBe(7);
  expect(events.map(({ method, session }) => [method, session])).toEqual([
    ['A', undefined],
    ['B', 's'],
  ]);
  devtools.close();
});

it('passes over what is too long and what is no message, and reads on', async () => {
  const { devtools, output, events } = start();
  const answer = devtools.call('Browser.getVersion');
  output.write('{"method":"Long","params":"');
  output.write(Buffer.alloc(longestMessage, 'x'));
  output.write('"}\0no JSON\0[1]\0{"method":"A"}\0');
  output.write('{"id":1,"result":{}}\0');
  expect(await answer).toEqual({});
  expect(events.map(({ method }) => method)).toEqual(['A']);
  devtools.close();
});
