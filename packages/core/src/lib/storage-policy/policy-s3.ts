import type { ExternalStorageSpec } from '../external-storage.ts';
import { normalizePrefix } from '../prefix.ts';
import {
  fileWith,
  inComment,
  type PolicyRequest,
  paragraphs,
  quoted,
  type StoragePolicy,
} from './policy-request.ts';
import { compatiblePolicy } from './policy-s3-compatible.ts';
import { isAmazon, partitionOf } from './policy-s3-endpoint.ts';
import { s3Statements } from './policy-s3-statement.ts';
import { podIdentityTrust, roleTrust, webIdentityTrust } from './policy-s3-trust.ts';

/** For Amazon S3: an IAM policy, and who may have it; for other servers, what they make of it. */
export function s3Policy(request: PolicyRequest): StoragePolicy {
  const { spec, identity } = request;
  if (spec.s3 === undefined) throw new TypeError('the storage has no block s3');
  const statements = s3Statements(request);
  const document = { Version: '2012-10-17', Statement: statements };
  if (!isAmazon(spec.s3.endpoint)) return compatiblePolicy(request, document);
  const place = placeOf(spec);
  if (identity === 'keyless') return keylessPolicy(request, place);
  const trust = trustOf(request);
  const name = `tapedeck-${request.name}`;
  const file = `${name}.json`;
  const attach =
    identity === 'keys'
      ? `aws iam put-user-policy --user-name USER --policy-name ${name} --policy-document file://${file}`
      : `aws iam put-role-policy --role-name ${quoted(trust?.role ?? 'ROLE')} --policy-name ${name} --policy-document file://${file}`;
  const owner = identity === 'keys' ? "the user whose keys the storage's Secret holds" : 'the role';
  return {
    document,
    text: paragraphs(
      trust?.text,
      `# What ${owner} may do in ${place}.\n${fileWith(file, document)}\n${attach}`,
      trust?.after,
    ),
    notes: ['Replace the words in capitals.'],
  };
}

/** The bucket's own policy lets the recorder in, by its name: no key is handed over, and nobody else gets in. */
function keylessPolicy(request: PolicyRequest, place: string): StoragePolicy {
  const partition = partitionOf(request.spec.s3?.region);
  const bucket = request.spec.s3?.bucket ?? '';
  const Principal = { AWS: `arn:${partition}:iam::RECORDER_ACCOUNT_ID:role/RECORDER_ROLE` };
  // A key of KMS has a policy of its own; a bucket's policy can say nothing about it.
  const isOfKey = (statement: object) => JSON.stringify(statement).includes('"kms:');
  const all = s3Statements(request);
  const document = {
    Version: '2012-10-17',
    Statement: all.filter((each) => !isOfKey(each)).map((each) => ({ ...each, Principal })),
  };
  const file = `tapedeck-${request.name}.json`;
  const ofKey = all.filter(isOfKey).map((each) => ({ ...each, Principal, Resource: '*' }));
  return {
    document,
    text: paragraphs(
      `# What the recorder's own role (of its node, its pod or its machine) may do in ${place}, by the bucket's policy.\n${fileWith(file, document)}\naws s3api put-bucket-policy --bucket ${quoted(bucket)} --policy file://${file}`,
      ofKey.length > 0 &&
        `# What the policy of the KMS key has to say too: add it there.\n${fileWith(`tapedeck-${request.name}-key.json`, ofKey)}`,
    ),
    notes: [
      'Replace the words in capitals; a policy that the bucket has already is replaced: merge the statements.',
      'Where the recorder has keys from its environment: --identity keys.',
      "A role of another account needs the same rights in its own policy (--identity service-account), since both sides must agree. Principal '*' would let everybody write.",
    ],
  };
}

function trustOf(
  request: PolicyRequest,
): { readonly role: string; readonly text: string; readonly after?: string } | undefined {
  if (request.identity === 'assume-role') return roleTrust(request);
  if (request.identity !== 'service-account') return undefined;
  return { role: 'ROLE', text: paragraphs(webIdentityTrust(request), podIdentityTrust(request)) };
}

function placeOf({ s3, prefix }: ExternalStorageSpec): string {
  return inComment(`s3://${s3?.bucket}/${normalizePrefix(prefix)}`);
}
