import { type PolicyRequest, quoted, refuseIdentity, type StoragePolicy } from './policy-request.ts';

/** https://docs.digitalocean.com/reference/doctl/reference/spaces/keys/create/: read, readwrite or fullaccess, by bucket. */
export function digitalOceanPolicy(request: PolicyRequest): StoragePolicy {
  refuseIdentity(request, ['keys', 'keyless']);
  const bucket = request.spec.digitalOcean?.bucket ?? '';
  return {
    text: [
      '# Keys of Spaces are limited to buckets, not to prefixes or single calls: readwrite is the least that writes, and',
      '# it reads, lists and deletes too.',
      `doctl spaces keys create tapedeck-${request.name} --grants ${quoted(`bucket=${bucket};permission=readwrite`)}`,
    ].join('\n'),
    notes: [
      "The key and its secret are shown once: they are accessKeyId and secretAccessKey of the storage's Secret.",
    ],
  };
}
