import type { Kind, ResourceByKind } from '@tapedeck/control';
import { type Column, columns } from './column.ts';
import { renderTable } from './table.ts';

export interface TableOptions {
  readonly wide: boolean;
  /** With a column for the namespace. */
  readonly allNamespaces: boolean;
  readonly now: Date;
}

export interface ResourceTable {
  /** Head and rows. */
  render(resources: readonly ResourceByKind[Kind][]): string;
  /** One more row, in the columns of what was rendered before. */
  row(resource: ResourceByKind[Kind]): string;
}

/** `get`'s table of one kind. */
export function createResourceTable<K extends Kind>(
  kind: K,
  options: Omit<TableOptions, 'now'>,
): ResourceTable {
  const all: readonly Column<K>[] = columns[kind];
  const shown = all.filter((column) => options.wide || column.wide !== true);
  const titles = shown.map((column) => column.title);
  const head = options.allNamespaces ? ['NAMESPACE', ...titles] : titles;
  let widths: readonly number[] = [];

  const cells = (resource: ResourceByKind[Kind]) => {
    const texts = shown.map((column) => column.text(resource as ResourceByKind[K], new Date()));
    return options.allNamespaces ? [resource.metadata.namespace ?? '', ...texts] : texts;
  };

  return {
    render(resources) {
      const rows = resources.map(cells);
      widths = head.map((title, index) =>
        Math.max(title.length, ...rows.map((row) => row[index]?.length ?? 0)),
      );
      return renderTable(head, rows);
    },
    row(resource) {
      const row = cells(resource);
      widths = row.map((cell, index) => Math.max(cell.length, widths[index] ?? 0));
      return renderTable(undefined, [row], widths);
    },
  };
}
