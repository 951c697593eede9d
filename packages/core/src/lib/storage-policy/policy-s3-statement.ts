import type { ExternalStorageSpec } from '../external-storage.ts';
import { normalizePrefix } from '../prefix.ts';
import type { PolicyRequest } from './policy-request.ts';
import { partitionOf, serviceHost } from './policy-s3-endpoint.ts';

/** One statement of an IAM policy. */
export interface S3Statement {
  readonly Sid: string;
  readonly Effect: 'Allow';
  readonly Action: readonly string[];
  readonly Resource: string;
  readonly Condition?: object;
}

type S3Block = NonNullable<ExternalStorageSpec['s3']>;

/**
 * Every call and its action: https://docs.aws.amazon.com/AmazonS3/latest/userguide/using-with-s3-policy-actions.html.
 * A multipart upload is begun, written and completed by s3:PutObject; dropping one and asking what it holds are actions of
 * their own, without which a recording still works: then a crash costs up to the last put, and the bucket's lifecycle rule
 * has to clear away what was left.
 */
export function s3Statements({ spec, rights }: PolicyRequest): readonly S3Statement[] {
  const { s3 } = spec;
  if (s3 === undefined) return [];
  const bucket = `arn:${partitionOf(s3.region)}:s3:::${s3.bucket}`;
  const prefix = normalizePrefix(spec.prefix);
  const below = prefix === '' ? '*' : `${escaped(prefix)}/*`;
  const objects = `${bucket}/${below}`;
  const allow = (Sid: string, Action: readonly string[], Resource: string): S3Statement => ({
    Sid,
    Effect: 'Allow',
    Action,
    Resource,
  });
  const tagged = Object.keys(s3.tags ?? {}).length > 0;
  return [
    allow(
      'Record',
      [
        's3:PutObject',
        's3:AbortMultipartUpload',
        's3:ListMultipartUploadParts',
        ...(tagged ? ['s3:PutObjectTagging'] : []),
        ...(s3.objectLock === undefined ? [] : ['s3:PutObjectRetention']),
        ...(s3.acl === undefined ? [] : ['s3:PutObjectAcl']),
      ],
      objects,
    ),
    ...(rights.includes('read') || rights.includes('links')
      ? [allow('Read', ['s3:GetObject'], objects)]
      : []),
    ...(rights.includes('list')
      ? [
          {
            ...allow('List', ['s3:ListBucket'], bucket),
            ...(prefix === '' ? {} : { Condition: { StringLike: { 's3:prefix': below } } }),
          },
        ]
      : []),
    ...(rights.includes('delete') ? [allow('Delete', ['s3:DeleteObject'], objects)] : []),
    ...(s3.encryption?.type === 'KMS' ? [keyStatement(s3)] : []),
  ];
}

/**
 * Writing in parts needs kms:Decrypt too: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html. A key
 * can only be named by its ARN; an alias is a condition:
 * https://docs.aws.amazon.com/kms/latest/developerguide/alias-authorization.html.
 */
function keyStatement({ encryption, region }: S3Block): S3Statement {
  const partition = partitionOf(region);
  const id = encryption?.keyId;
  const key = (what: string) => `arn:${partition}:kms:${region ?? '*'}:ACCOUNT_ID:key/${what}`;
  const alias = id === undefined ? undefined : /(?:^|:)(alias\/.+)$/.exec(id)?.[1];
  const conditions = {
    ...(region !== undefined && { StringEquals: { 'kms:ViaService': serviceHost(region) } }),
    ...(alias !== undefined && { 'ForAnyValue:StringEquals': { 'kms:ResourceAliases': alias } }),
  };
  const resource = id === undefined || alias !== undefined ? key('*') : id.startsWith('arn:') ? id : key(id);
  return {
    Sid: 'Encrypt',
    Effect: 'Allow',
    Action: ['kms:GenerateDataKey', 'kms:Decrypt'],
    Resource: resource,
    ...(Object.keys(conditions).length === 0 ? {} : { Condition: conditions }),
  };
}

/** IAM takes `*`, `?` and `${` in a resource for patterns and variables: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html */
function escaped(text: string): string {
  return text.replace(/[*?$]/g, (character) => `\${${character}}`);
}
