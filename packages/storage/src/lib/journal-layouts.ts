import type { UploadJournal } from '@tapedeck/core';
import type { CompletedPart } from './driver.ts';
import { sizeOf, withoutHoles } from './journal.ts';

/**
 * Attempts at completing without the right to list. Three parts are on their way at most, each as its last answer says
 * or as one of two puts without an answer: 27; a part given up of the most likely of them makes up the rest.
 */
const MAX_LAYOUTS = 40;
/** How many parts at the end may be given up: as many as can be on their way. */
const MAX_GIVEN_UP = 3;

/**
 * The objects that an upload may consist of, as far as its journal tells, the largest first and of equal ones the
 * newest. The storage takes only what it really holds, so the first that it takes is the right one. `sent` are
 * parts that were put since: of them nothing else can be there.
 */
export function journalLayouts(
  journal: Pick<UploadJournal, 'parts' | 'pending'>,
  sent: readonly CompletedPart[],
): CompletedPart[][] {
  const { parts: settled, pending = [] } = journal;
  const versions = new Map<number, CompletedPart[]>();
  for (const part of [...pending, ...settled]) {
    const others = versions.get(part.number) ?? [];
    if (!others.some((other) => isSame(other, part))) versions.set(part.number, [...others, part]);
  }
  for (const part of sent) versions.set(part.number, [part]);
  const fixed = [...versions.values()].flatMap((of) => (of.length === 1 ? of : []));
  const open = [...versions.values()].filter((of) => of.length > 1);

  const layouts = new Map<string, CompletedPart[]>();
  for (const chosen of combinations(open)) {
    const whole = withoutHoles([...fixed, ...chosen]);
    const head = chosen.find(({ number }) => number === 1);
    const mayLack = head === undefined || !isFinalHead(head, journal);
    const shortest = mayLack ? Math.max(1, whole.length - MAX_GIVEN_UP) : versions.size;
    for (let length = whole.length; length >= shortest; length--) {
      const key = [
        length,
        ...chosen.map((part) => (part.number > length ? '' : JSON.stringify(part))),
      ].join();
      if (!layouts.has(key)) layouts.set(key, whole.slice(0, length));
    }
  }
  return [...layouts.values()].sort((a, b) => sizeOf(b) - sizeOf(a)).slice(0, MAX_LAYOUTS);
}

function isSame(a: CompletedPart, b: CompletedPart): boolean {
  return a.size === b.size && JSON.stringify(a.receipt) === JSON.stringify(b.receipt);
}

/** One of each, the first of all first; no more than are ever tried. */
function combinations(choices: readonly (readonly CompletedPart[])[]): CompletedPart[][] {
  let chosen: CompletedPart[][] = [[]];
  for (const versions of choices) {
    chosen = chosen.flatMap((before) => versions.map((part) => [...before, part])).slice(0, MAX_LAYOUTS);
  }
  return chosen;
}

/**
 * Whether this is part 1 as it is put again at the end, in the same size with another head: its index speaks of
 * all the other parts, so it goes with all of them or not at all.
 */
function isFinalHead(
  part: CompletedPart,
  { parts, pending = [] }: Pick<UploadJournal, 'parts' | 'pending'>,
): boolean {
  if (!pending.some((other) => other.number === 1 && isSame(other, part))) return false;
  const before = parts.find(({ number }) => number === 1);
  return parts.length > 1 && before?.size === part.size && !isSame(before, part);
}
