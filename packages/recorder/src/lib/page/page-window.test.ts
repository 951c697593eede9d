import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { createDevtools } from './devtools.ts';
import { findPageWindow } from './page-window.ts';

/** A browser that knows of these targets, with each question of the next. */
function browserWith(...targets: readonly (readonly string[])[]) {
  const output = new PassThrough();
  const input = new PassThrough();
  input.on('data', (sent: Buffer) => {
    const { id } = JSON.parse(sent.toString().slice(0, -1));
    const types = targets[Math.min(id, targets.length) - 1] ?? [];
    const targetInfos = types.map((type) => ({ type, targetId: `the ${type}` }));
    output.write(`${JSON.stringify({ id, result: { targetInfos } })}\0`);
  });
  return createDevtools(input, output);
}

it('waits for the window of a browser that answers before it has one', async () => {
  expect(await findPageWindow(browserWith([], ['browser'], ['browser', 'page']))).toBe('the page');
});

it('gives up on a browser that opens none', async () => {
  const found = findPageWindow(browserWith(['browser']), 200);
  await expect(found).rejects.toMatchObject({ code: 'BrowserFailed' });
});
