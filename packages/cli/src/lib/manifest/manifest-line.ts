import { type Document, isMap, isSeq, type LineCounter, type Node, type Pair } from 'yaml';

/** The line (from 1) where a path like `spec.storage.refs[0].name` is in a document, or where it should be: the nearest block that is there. */
export function lineOfPath(document: Document, path: string, lines: LineCounter): number {
  let node: unknown = document.contents;
  let offset = (document.contents as Node | null)?.range?.[0] ?? 0;
  for (const step of pathSteps(path)) {
    if (typeof step === 'string' && isMap(node)) {
      const pair: Pair<unknown, unknown> | undefined = node.items.find(({ key }) => String(key) === step);
      if (pair === undefined) break;
      offset = (pair.key as Node | null)?.range?.[0] ?? offset;
      node = pair.value;
    } else if (typeof step === 'number' && isSeq(node)) {
      node = node.items[step];
      if (node === undefined) break;
      offset = (node as Node | null)?.range?.[0] ?? offset;
    } else break;
  }
  return lines.linePos(offset).line;
}

/** `a.b[0]["odd key"]` as its steps. */
function pathSteps(path: string): readonly (string | number)[] {
  return [...path.matchAll(/\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]|([^.[\]]+)/g)].map(([, quoted, index, word]) =>
    index === undefined ? (quoted ?? word ?? '') : Number(index),
  );
}
