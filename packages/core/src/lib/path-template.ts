import { keyPath } from './key-path.ts';
import { withRules } from './rule.ts';

/** What may stand in braces in `spec.path`, and what it becomes (times in UTC, of when the recording was asked for). */
export const pathPlaceholders = {
  namespace: 'the namespace',
  name: 'the recording’s name',
  room: 'spec.room, or the name where there is none',
  date: '20261121',
  time: '090000',
  timestamp: '20261121T090000Z',
  year: '2026',
  month: '11',
  day: '21',
  hour: '09',
  uid: 'the recording’s uid',
} as const;
export type PathPlaceholder = keyof typeof pathPlaceholders;

const names = Object.keys(pathPlaceholders);

/** A path with placeholders; each becomes one directory's name or a part of one, never several. */
export const pathTemplate = withRules(keyPath, [
  {
    cel: `self.matches(r'^([^{}]|\\{(${names.join('|')})\\})*$')`,
    message: `may hold ${names.map((name) => `{${name}}`).join(' ')}, and no other braces`,
    holds: (text) => new RegExp(`^([^{}]|\\{(${names.join('|')})\\})*$`).test(text),
  },
]);

/** The template with every placeholder filled in; the values have been made safe for a key before. */
export function fillPath(template: string, values: Readonly<Record<PathPlaceholder, string>>): string {
  return template.replace(/\{([a-z]+)\}/g, (whole, word: string) =>
    word in values ? values[word as PathPlaceholder] : whole,
  );
}
