import type { Kind } from '@tapedeck/control';
import { TapedeckError } from '@tapedeck/core/error';

/** How each kind may be called on the command line; the first is how it is printed. */
export const kindNames: Readonly<Record<Kind, readonly [string, ...string[]]>> = {
  ExternalStorage: ['externalstorage', 'externalstorages', 'xs'],
  Recording: ['recording', 'recordings', 'rec'],
  RecordingCopy: ['recordingcopy', 'recordingcopies', 'recc'],
  RecordingProfile: ['recordingprofile', 'recordingprofiles', 'recp'],
};

const kinds = Object.keys(kindNames) as Kind[];

/** Upper and lower case are equal. Throws `NotSupported` for what exists elsewhere, `InvalidManifest` for what does not. */
export function parseKind(word: string): Kind {
  const asked = word.toLowerCase().replace(/\.tapedeck\.dev$/, '');
  const kind = kinds.find((each) => kindNames[each].includes(asked));
  if (kind !== undefined) return kind;
  if (/^secrets?$/.test(asked)) {
    throw new TapedeckError(
      'NotSupported',
      'Secrets are kept in memory only, so there is nothing to show or delete',
    );
  }
  throw new TapedeckError(
    'InvalidManifest',
    `there is no kind "${word.slice(0, 64)}"; known: ${kindWords()}`,
  );
}

/** `externalstorage (xs), recording (rec), …` */
export function kindWords(): string {
  return kinds.map((each) => `${kindNames[each][0]} (${kindNames[each].at(-1)})`).join(', ');
}

/** `recording a`, `recording/a`; no name where all are meant. */
export function parseTarget(
  word: string,
  names: readonly string[],
): { readonly kind: Kind; readonly names: readonly string[] } {
  const [kind = '', name] = word.split('/', 2);
  return { kind: parseKind(kind), names: name === undefined ? names : [name, ...names] };
}

/** `recording.tapedeck.dev/a`, as kubectl prints it. */
export function resourceName(kind: Kind, name: string): string {
  return `${kindNames[kind][0]}.tapedeck.dev/${name}`;
}

/** The name of one whose kind is known: `a`, or `recording/a` in any of the words for the kind. */
export function nameOfKind(kind: Kind, word: string): string {
  const [before, name] = word.split('/', 2);
  return name !== undefined && before !== undefined && kindNames[kind].includes(before) ? name : word;
}
