import { normalizePrefix } from '../prefix.ts';
import { type PolicyRequest, quoted, refuseIdentity, type StoragePolicy } from './policy-request.ts';

/** A directory that the user who records owns, and nobody else writes to. */
export function localPolicy(request: PolicyRequest): StoragePolicy {
  refuseIdentity(request, ['keyless']);
  const { spec, rights } = request;
  const root = (spec.local?.directory ?? '.').replace(/\/+$/, '') || '/';
  const prefix = normalizePrefix(spec.prefix);
  const directory = prefix === '' ? root : `${root}/${prefix}`;
  return {
    text: [
      '# As root; USER is the one that records.',
      `mkdir -p -- ${quoted(directory)}`,
      `chown USER: ${quoted(directory)}`,
      `chmod u=rwx,g=rx,o= ${quoted(directory)}`,
    ].join('\n'),
    notes: [
      'Whoever may write into a directory may also read, list and delete what it owns there.',
      ...(rights.includes('links') ? ['Files need no links: "tapedeck link" prints their paths.'] : []),
    ],
  };
}
