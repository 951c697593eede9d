import { distance } from 'fastest-levenshtein';

/**
 * The candidate that a misspelt word most likely meant: at most a third of its letters wrong (and always at
 * least two allowed), upper and lower case being equal. Undefined when nothing is near enough to be worth saying.
 */
export function nearestName(word: string, candidates: readonly string[]): string | undefined {
  const asked = word.slice(0, 64).toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(asked.length / 3)) + 1;
  for (const candidate of candidates) {
    const apart = distance(asked, candidate.toLowerCase());
    if (apart < bestDistance && apart < candidate.length) {
      best = candidate;
      bestDistance = apart;
    }
  }
  return best;
}
