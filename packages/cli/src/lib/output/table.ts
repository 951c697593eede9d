import Table from 'cli-table3';

const none = '';
const bare = {
  top: none,
  'top-mid': none,
  'top-left': none,
  'top-right': none,
  bottom: none,
  'bottom-mid': none,
  'bottom-left': none,
  'bottom-right': none,
  left: none,
  'left-mid': none,
  mid: none,
  'mid-mid': none,
  right: none,
  'right-mid': none,
  middle: '   ',
};

/** Columns without lines, as kubectl has them. With `widths` each is at least that wide. */
export function renderTable(
  head: readonly string[] | undefined,
  rows: readonly (readonly string[])[],
  widths: readonly number[] = [],
): string {
  const table = new Table({
    chars: bare,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
    ...(widths.length === 0 ? {} : { colWidths: [...widths] }),
  });
  if (head !== undefined) table.push([...head]);
  for (const row of rows) table.push([...row]);
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
