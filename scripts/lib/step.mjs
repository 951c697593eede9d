/** How often a running step's line is redrawn on a terminal, in milliseconds. */
const redrawEvery = 200;

const plain = !process.stderr.isTTY || process.env.CI === 'true';
const colour = !plain && !process.env.NO_COLOR;

/** @param {number} code @param {string} text */
const paint = (code, text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);

/** @param {number} since */
const elapsed = (since) => `${((performance.now() - since) / 1000).toFixed(1)} s`;

/** @param {string} line */
const say = (line) => process.stderr.write(`${line}\n`);

/**
 * One step of set-up, with its line on stderr (stdout is for data). What is done already costs a quiet ✓, or
 * nothing at all with `quiet`.
 * @param {string} title
 * @param {{ isDone: () => boolean, run: () => Promise<void>, quiet?: boolean }} step
 */
export async function runStep(title, { isDone, run, quiet = false }) {
  if (isDone()) {
    if (!quiet) say(`${paint(32, '✓')} ${title}`);
    return;
  }
  const start = performance.now();
  const draw = () => process.stderr.write(`\r\u001b[2K${paint(36, '…')} ${title}  ${elapsed(start)}`);
  if (plain) say(`… ${title}`);
  const timer = plain ? undefined : setInterval(draw, redrawEvery);
  let worked = false;
  try {
    await run();
    worked = true;
  } finally {
    clearInterval(timer);
    const mark = worked ? paint(32, '✓') : paint(31, '✗');
    say(`${plain ? '' : '\r\u001b[2K'}${mark} ${title}  ${elapsed(start)}`);
  }
}
