import { describe, expect, it } from 'vitest';
import type { ExternalStorageSpec } from '../external-storage.ts';
import type { PolicyRequest, StorageRight } from './policy-request.ts';
import { policyIdentity, storagePolicy } from './storage-policy.ts';

const request = (spec: ExternalStorageSpec, over: Partial<PolicyRequest> = {}): PolicyRequest => ({
  name: 'team',
  namespace: 'video',
  spec,
  rights: [],
  identity: 'keys',
  ...over,
});
const s3 = (block: object = {}, more: Partial<ExternalStorageSpec> = {}): ExternalStorageSpec => ({
  provider: 'S3',
  prefix: 'meetings/2026',
  ...more,
  s3: { bucket: 'recordings', region: 'eu-central-1', ...block },
});
/** Statements of a policy as `Sid: actions on resource`. */
const statements = (document: object | undefined): string[] => {
  const { Statement } = document as { Statement: { Sid: string; Action: string[]; Resource: string }[] };
  return Statement.map(({ Sid, Action, Resource }) => `${Sid}: ${Action.join(' ')} on ${Resource}`);
};
const record = 's3:PutObject s3:AbortMultipartUpload s3:ListMultipartUploadParts';
const objects = 'arn:aws:s3:::recordings/meetings/2026/*';

describe('the policy of S3', () => {
  it.each<[string, object, readonly StorageRight[], readonly string[]]>([
    ['is to write below the prefix, and no more', {}, [], [`Record: ${record} on ${objects}`]],
    [
      'adds what was asked for',
      {},
      ['read', 'list', 'delete', 'links'],
      [
        `Record: ${record} on ${objects}`,
        `Read: s3:GetObject on ${objects}`,
        'List: s3:ListBucket on arn:aws:s3:::recordings',
        `Delete: s3:DeleteObject on ${objects}`,
      ],
    ],
    [
      'adds what the spec makes necessary',
      { tags: { team: 'a' }, objectLock: { mode: 'Governance' }, acl: 'BucketOwnerFullControl' },
      [],
      [`Record: ${record} s3:PutObjectTagging s3:PutObjectRetention s3:PutObjectAcl on ${objects}`],
    ],
    [
      'lets it use the key by its ARN',
      { encryption: { type: 'KMS', keyId: 'arn:aws:kms:eu-central-1:1:key/k' } },
      [],
      [
        `Record: ${record} on ${objects}`,
        'Encrypt: kms:GenerateDataKey kms:Decrypt on arn:aws:kms:eu-central-1:1:key/k',
      ],
    ],
    [
      'writes the ARN of a key that is named by its id',
      { encryption: { type: 'KMS', keyId: '1234' } },
      [],
      [
        `Record: ${record} on ${objects}`,
        'Encrypt: kms:GenerateDataKey kms:Decrypt on arn:aws:kms:eu-central-1:ACCOUNT_ID:key/1234',
      ],
    ],
    [
      'knows the other parts of AWS',
      { region: 'cn-north-1' },
      [],
      [`Record: ${record} on arn:aws-cn:s3:::recordings/meetings/2026/*`],
    ],
    [
      'knows the youngest of them',
      { region: 'eusc-de-east-1' },
      [],
      [`Record: ${record} on arn:aws-eusc:s3:::recordings/meetings/2026/*`],
    ],
  ])('%s', (_, block, rights, expected) => {
    expect(statements(storagePolicy(request(s3(block), { rights })).document)).toEqual(expected);
  });

  it('limits listing to the prefix, and an alias by a condition', () => {
    const spec = s3({ encryption: { type: 'KMS', keyId: 'alias/recordings' } });
    const { document } = storagePolicy(request(spec, { rights: ['list'] }));
    expect(JSON.stringify(document)).toContain('"Condition":{"StringLike":{"s3:prefix":"meetings/2026/*"}}');
    expect(JSON.stringify(document)).toContain(
      '"ForAnyValue:StringEquals":{"kms:ResourceAliases":"alias/recordings"}',
    );
    expect(JSON.stringify(document)).toContain('"kms:ViaService":"s3.eu-central-1.amazonaws.com"');
  });

  it('is about the whole bucket without a prefix, and about no pattern that a prefix happens to be', () => {
    expect(statements(storagePolicy(request(s3({}, { prefix: '/' }))).document)[0]).toMatch(
      /:::recordings\/\*$/,
    );
    const odd = storagePolicy(request(s3({}, { prefix: 'a*b/$x' })));
    expect(statements(odd.document)[0]).toMatch(/:::recordings\/a\$\{\*\}b\/\$\{\$\}x\/\*$/);
  });

  it('says who may take on the role', () => {
    const arn = 'arn:aws:iam::123456789012:role/recorder';
    const { text } = storagePolicy(
      request(s3({ assumeRole: { arn, externalId: 'abc' } }), { identity: 'assume-role' }),
    );
    expect(text).toContain('"sts:ExternalId": "abc"');
    expect(text).toContain('aws iam create-role --role-name recorder ');
    expect(text).toContain(`"Resource": "${arn}"`);
  });

  it('trusts the ServiceAccount, by web identity or by EKS Pod Identity', () => {
    const spec = s3({}, { credentials: { serviceAccountName: 'recorder' } });
    const { text } = storagePolicy(request(spec, { identity: 'service-account' }));
    expect(text).toContain('"OIDC_ISSUER:sub": "system:serviceaccount:video:recorder"');
    expect(text).toContain('pods.eks.amazonaws.com');
    expect(text).toContain('"aws:RequestTag/kubernetes-service-account": "recorder"');
  });

  it('lets a keyless recorder in by name, and says of the key what only the key can say', () => {
    const spec = s3({ encryption: { type: 'KMS' } });
    const { document, text, notes } = storagePolicy(request(spec, { identity: 'keyless' }));
    expect(JSON.stringify(document)).toContain(
      '"Principal":{"AWS":"arn:aws:iam::RECORDER_ACCOUNT_ID:role/RECORDER_ROLE"}',
    );
    expect(JSON.stringify(document)).not.toContain('kms:');
    expect(text).toContain('put-bucket-policy --bucket recordings');
    expect(text).toContain('kms:GenerateDataKey');
    expect(notes.join(' ')).toContain('everybody');
  });

  it.each([
    ['https://x.r2.cloudflarestorage.com', 'Object Read & Write', false],
    [
      'https://s3.us-west-004.backblazeb2.com',
      '--name-prefix meetings/2026/ tapedeck-team writeFiles,listBuckets',
      false,
    ],
    ['http://127.0.0.1:9000', 'as a policy of IAM', true],
    ['https://s3.eu-central-1.amazonaws.com', 'aws iam put-user-policy', true],
  ])('at %s speaks of what there is', (endpoint, words, document) => {
    const policy = storagePolicy(request(s3({ endpoint })));
    expect(policy.text).toContain(words);
    expect(policy.document !== undefined).toBe(document);
  });
});

const others: Readonly<Record<string, ExternalStorageSpec>> = {
  digitalOcean: { provider: 'DigitalOcean', digitalOcean: { bucket: 'space', region: 'fra1' } },
  azureBlob: {
    provider: 'AzureBlob',
    prefix: 'meetings',
    azureBlob: { account: 'acme', container: 'recordings' },
  },
  gcs: { provider: 'GCS', prefix: 'meetings', gcs: { bucket: 'recordings' } },
  sftp: { provider: 'SFTP', sftp: { host: 'files.example.com', port: 2222, directory: '/recordings' } },
  local: { provider: 'Local', prefix: 'a', local: { directory: "/srv/it's here" } },
};
const of = (name: string, over: Partial<PolicyRequest> = {}) => {
  const spec = others[name];
  if (spec === undefined) throw new TypeError(name);
  return storagePolicy(request(spec, over));
};

describe('the policy of other providers', () => {
  it('DigitalOcean: what a key can be limited to', () => {
    expect(of('digitalOcean').text).toContain("--grants 'bucket=space;permission=readwrite'");
  });

  it('Azure: a role that writes blobs below the prefix, and what was asked for', () => {
    expect(of('azureBlob').document).toMatchObject({
      Actions: [],
      DataActions: ['Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write'],
    });
    const { document, text } = of('azureBlob', { rights: ['read', 'delete', 'links'] });
    expect(document).toMatchObject({
      DataActions: [
        expect.stringMatching(/blobs\/write$/),
        expect.stringMatching(/blobs\/read$/),
        expect.stringMatching(/blobs\/delete$/),
      ],
    });
    expect(text).toContain("StringLike '\\''meetings/*'\\''))");
    expect(text).not.toContain('Blob.List');
    expect(of('azureBlob', { rights: ['list'] }).text).toContain(
      "/read'\\''} AND NOT SubOperationMatches{'\\''Blob.List'\\''})",
    );
    expect(text).toContain("'Storage Blob Delegator'");
    expect(text).toContain('--permissions rwd ');
    expect(of('azureBlob', { identity: 'service-account' }).text).toContain(
      '--subject system:serviceaccount:video:SERVICE_ACCOUNT',
    );
  });

  it('GCS: a role that creates objects below the prefix, and what was asked for', () => {
    expect(of('gcs').document).toMatchObject({
      includedPermissions: [
        'storage.objects.create',
        'storage.multipartUploads.create',
        'storage.multipartUploads.abort',
        'storage.multipartUploads.listParts',
      ],
    });
    expect(of('gcs').text).toContain(
      `--condition='^:^title=tapedeck:expression=resource.name.startsWith("projects/_/buckets/recordings/objects/meetings/")'`,
    );
    const odd = request({ provider: 'GCS', prefix: 'a, b:c::d', gcs: { bucket: 'recordings' } });
    expect(storagePolicy(odd).text).toContain(
      `--condition='^:::^title=tapedeck:::expression=resource.name.startsWith("projects/_/buckets/recordings/objects/a, b:c::d/")'`,
    );
    expect(of('gcs', { rights: ['list'] }).text).toContain('--permissions=storage.objects.list');
    expect(of('gcs', { identity: 'service-account', rights: ['links'] }).text).toMatch(
      /subject\/ns\/video\/sa\/SERVICE_ACCOUNT\n[\s\S]*serviceAccountTokenCreator/,
    );
  });

  it('SFTP: a login that can do nothing else, and the key of the server', () => {
    const { text, notes } = of('sftp', { rights: ['links'] });
    expect(text).toContain('ForceCommand internal-sftp -u 0027 -P symlink,opendir,readdir\n');
    expect(text).toContain('install -d -o tapedeck -g tapedeck -m 0750 /srv/tapedeck/recordings');
    expect(text).toContain('ssh-keyscan -p 2222 -t ed25519 files.example.com');
    expect(text).toContain('    ClientAliveInterval 15\n    ClientAliveCountMax 3');
    expect(notes.join(' ')).toContain('SFTP has no links');
    expect(storagePolicy(request({ provider: 'SFTP', sftp: { host: 'h' } })).text).toContain(
      'internal-sftp -u 0027 -d /recordings -P ',
    );
    expect(of('sftp', { rights: ['read', 'list'] }).text).toContain('-P symlink\n');
  });

  it('Local: a directory of one user, whatever it is called', () => {
    expect(of('local', { identity: 'keyless' }).text).toContain("mkdir -p -- '/srv/it'\\''s here/a'");
  });

  it.each([
    ['sftp', 'service-account'],
    ['gcs', 'assume-role'],
    ['local', 'keys'],
  ] as const)('%s knows no %s', (name, identity) => {
    expect(() => of(name, { identity })).toThrow(expect.objectContaining({ code: 'NotSupported' }));
  });
});

it.each<[string, ExternalStorageSpec]>([
  ['keyless', s3()],
  ['keys', s3({}, { credentials: { secretRef: { name: 'team' } } })],
  ['service-account', s3({}, { credentials: { serviceAccountName: 'recorder' } })],
  ['assume-role', s3({ assumeRole: { arn: 'arn:aws:iam::123456789012:role/recorder' } })],
])('the identity %s is read from the spec', (identity, spec) => {
  expect(policyIdentity(spec)).toBe(identity);
});
