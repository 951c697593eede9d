const quote = 0x22;
const backslash = 0x5c;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/** Takes the JSON of a list apart while it arrives, so that no more than one of its items is held as text. */
export interface ListSplitter {
  /** The next bytes, which may end anywhere. Throws `SyntaxError` for an item that is not JSON. */
  push(chunk: Buffer): void;
  /** All but the items, of which none is left. Throws `SyntaxError` where the list is not whole. */
  end(): unknown;
}

/**
 * Calls back with each element of the list's `items`, parsed, in their order, wherever `items` stands among the other keys:
 * before `metadata` for custom resources, behind it for others. Elements are objects, as those of every list of Kubernetes.
 */
export function createListSplitter(onItem: (item: unknown) => void): ListSplitter {
  const around: Buffer[] = [];
  /** The beginning of an item that goes on in the next chunk. */
  let begun: Buffer[] = [];
  let place: 'Around' | 'Between' | 'Within' = 'Around';
  let depth = 0;
  let inString = false;
  let escaped = false;
  /** The newest string at the top, with its quotes: the key of what follows. */
  let key = '';

  function finish(last: Buffer): void {
    const bytes = begun.length === 0 ? last : Buffer.concat([...begun, last]);
    begun = [];
    onItem(JSON.parse(bytes.toString('utf8')));
  }

  return {
    push(chunk) {
      let from = 0;
      let stringFrom = 0;
      for (let at = 0; at < chunk.length; at += 1) {
        const byte = chunk[at];
        if (inString) {
          if (escaped) escaped = false;
          else if (byte === backslash) escaped = true;
          else if (byte === quote) {
            inString = false;
            if (depth === 1) key += chunk.toString('utf8', stringFrom, at + 1);
          }
        } else if (byte === quote) {
          inString = true;
          stringFrom = at;
          if (depth === 1) key = '';
        } else if (byte === openBrace || byte === openBracket) {
          depth += 1;
          if (place === 'Between') {
            place = 'Within';
            from = at;
          } else if (depth === 2 && byte === openBracket && key === '"items"') {
            around.push(chunk.subarray(from, at + 1));
            place = 'Between';
          }
        } else if (byte === closeBrace || byte === closeBracket) {
          depth -= 1;
          if (place === 'Within' && depth === 2) {
            finish(chunk.subarray(from, at + 1));
            place = 'Between';
          } else if (place === 'Between') {
            place = 'Around';
            from = at;
          }
        }
      }
      if (place === 'Within') begun.push(chunk.subarray(from));
      if (place === 'Around') around.push(chunk.subarray(from));
      if (inString && depth === 1) key += chunk.toString('utf8', stringFrom);
    },
    end: () => JSON.parse(Buffer.concat(around).toString('utf8')),
  };
}
