import { normalizePrefix } from '../prefix.ts';
import {
  fileWith,
  inComment,
  type PolicyRequest,
  paragraphs,
  quoted,
  type StoragePolicy,
} from './policy-request.ts';
import { hostOf } from './policy-s3-endpoint.ts';

/** What the keys of other services that speak S3 can be limited to. */
const services: readonly {
  readonly host: RegExp;
  readonly policy: (request: PolicyRequest) => StoragePolicy;
}[] = [
  { host: /\.r2\.cloudflarestorage\.com$/, policy: r2Policy },
  { host: /\.backblazeb2\.com$/, policy: b2Policy },
];

/** A server with an endpoint of its own. Most of them take the policy of IAM, for users or for buckets. */
export function compatiblePolicy(request: PolicyRequest, document: object): StoragePolicy {
  const host = hostOf(request.spec.s3?.endpoint);
  const known = services.find((service) => service.host.test(host));
  if (known !== undefined) return known.policy(request);
  const file = `tapedeck-${request.name}.json`;
  return {
    document,
    text: `# What recordings need at ${host}, as a policy of IAM: give it to the user whose keys the storage has, in the\n# server's own way (a user policy, or with a Principal added a bucket policy).\n${fileWith(file, document)}`,
    notes: [
      'A server that knows no policies: keys that may write into this bucket alone are the least there.',
    ],
  };
}

/** https://developers.cloudflare.com/r2/api/tokens/ */
function r2Policy({ spec }: PolicyRequest): StoragePolicy {
  return {
    text: paragraphs(
      '# Tokens of R2 are limited to buckets, not to prefixes or single calls: "Object Read & Write" is the least that',
      '# writes, and it reads, lists and deletes too. In the dashboard: R2, Manage API tokens, Create API token,',
      `# "Object Read & Write", "Apply to specific buckets only": ${inComment(spec.s3?.bucket ?? '')}.`,
    ).replaceAll('\n\n', '\n'),
    notes: [],
  };
}

/** https://www.backblaze.com/docs/cloud-storage-application-keys */
function b2Policy({ spec, name, rights }: PolicyRequest): StoragePolicy {
  const capabilities = [
    'writeFiles',
    // The S3 API of B2 looks a bucket up by its name.
    'listBuckets',
    ...(rights.includes('read') || rights.includes('links') ? ['readFiles'] : []),
    ...(rights.includes('list') ? ['listFiles'] : []),
    ...(rights.includes('delete') ? ['deleteFiles'] : []),
  ];
  const prefix = normalizePrefix(spec.prefix);
  const limit = prefix === '' ? '' : ` --name-prefix ${quoted(`${prefix}/`)}`;
  return {
    text: `# An application key that may write there, and nothing that was not asked for.\nb2 key create --bucket ${quoted(spec.s3?.bucket ?? '')}${limit} tapedeck-${name} ${capabilities.join(',')}`,
    notes: [],
  };
}
