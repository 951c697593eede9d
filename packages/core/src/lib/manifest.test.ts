import { describe, expect, it } from 'vitest';
import { TapedeckError } from './error.ts';
import { checkManifest, parseManifest, problemLine } from './manifest.ts';

const metadata = { name: 'physics-9am' };
const apiVersion = 'tapedeck.dev/v1alpha1';

function recording(spec: object, more: object = {}) {
  return { apiVersion, kind: 'Recording', metadata, spec, ...more };
}
function storage(spec: object) {
  return { apiVersion, kind: 'ExternalStorage', metadata: { name: 'team' }, spec };
}
const stream = { type: 'Stream', stream: { url: 'rtmp://127.0.0.1/live/key' } };

describe('parseManifest', () => {
  it('takes a document that is right, without its status', () => {
    const document = recording({ source: stream, maxDuration: '2h' }, { status: { phase: 'Uploaded' } });
    expect(parseManifest(document)).toEqual(recording({ source: stream, maxDuration: '2h' }));
  });

  it('takes what a cluster adds to metadata', () => {
    const document = {
      ...recording({ source: { type: 'TestCard' } }),
      metadata: { ...metadata, managedFields: [], finalizers: ['a/b'], uid: 'x', generation: 2 },
    };
    expect(checkManifest(document).problems).toEqual([]);
  });

  it('fills in no defaults', () => {
    expect(parseManifest(recording({ source: { type: 'TestCard' } }))).toEqual(
      recording({ source: { type: 'TestCard' } }),
    );
  });

  it('reports every problem at once, as one error', () => {
    const parse = () =>
      parseManifest(recording({ source: stream, storge: {}, maxDuration: '10s', video: { widht: 3 } }));
    expect(parse).toThrow(TapedeckError);
    expect(parse).toThrow(
      [
        'Recording "physics-9am": 3 problems',
        '  spec.storge: unknown key; did you mean spec.storage?',
        '  spec.video.widht: unknown key; did you mean spec.video.width?',
        '  spec.maxDuration must be between 60s and 24h',
      ].join('\n'),
    );
  });
});

/** [what, document, every line] */
const wrong: readonly (readonly [string, unknown, readonly string[]])[] = [
  ['text', 'hello', ['the document must be a map with apiVersion, kind, metadata and spec']],
  [
    'a misspelt kind',
    { apiVersion, kind: 'Recordings', metadata },
    [
      'kind must be one of ExternalStorage, Recording, RecordingProfile, RecordingCopy, Secret (tapedeck.dev/v1alpha1; Secret: v1), not "Recordings"; did you mean Recording?',
    ],
  ],
  [
    'no kind',
    { apiVersion },
    ['kind is required: one of ExternalStorage, Recording, RecordingProfile, RecordingCopy, Secret'],
  ],
  [
    'a wrong version',
    { ...recording({ source: { type: 'TestCard' } }), apiVersion: 'tapedeck.dev/v1' },
    ['apiVersion must be tapedeck.dev/v1alpha1, not "tapedeck.dev/v1"'],
  ],
  ['no spec', { apiVersion, kind: 'Recording', metadata }, ['spec is required']],
  [
    'a key at the top',
    recording({ source: { type: 'TestCard' } }, { spce: {} }),
    ['spce: unknown key; did you mean spec?'],
  ],
  [
    'a key in a list',
    recording({ source: stream, storage: { refs: [{ name: 'a' }, { nmae: 'b' }] } }),
    [
      'spec.storage.refs[1].nmae: unknown key; did you mean spec.storage.refs[1].name?',
      'spec.storage.refs[1].name is required',
    ],
  ],
  [
    'a key of the level above',
    recording({ source: { ...stream, stream: { url: 'file:/a.mp4', room: 'x' } } }),
    ['spec.source.stream.room: unknown key; known here: url, urlSecretRef, lostTimeout, startTimeout'],
  ],
  [
    'a key of a block, one level up',
    recording({ source: { type: 'Stream', url: 'rtmp://h/a' } }),
    [
      'spec.source.url: unknown key; did you mean spec.source.page.url?',
      'spec.source.stream is required with type: Stream',
    ],
  ],
  [
    'a key of another provider',
    storage({ provider: 'S3', s3: { bucket: 'abc', container: 'x' } }),
    ['spec.s3.container: unknown key; did you mean spec.azureBlob.container?'],
  ],
  [
    'a key inside a block that does not belong',
    storage({ provider: 'S3', s3: { bucket: 'abc' }, gcs: { bukcet: 'abc' } }),
    [
      'spec.gcs.bukcet: unknown key; did you mean spec.gcs.bucket?',
      'spec.gcs.bucket is required',
      'spec.gcs belongs to provider: GCS only',
    ],
  ],
  ['a missing block', storage({ provider: 'SFTP' }), ['spec.sftp is required with provider: SFTP']],
  [
    'a misspelt value',
    storage({ provider: 'AzureBlobs', azureBlob: { container: 'abc' } }),
    [
      'spec.provider must be one of S3, DigitalOcean, AzureBlob, GCS, SFTP, Local, not "AzureBlobs"; did you mean AzureBlob?',
    ],
  ],
  [
    'names that Azure does not give',
    storage({ provider: 'AzureBlob', azureBlob: { account: 'Team_1', container: 'my--videos' } }),
    [
      'spec.azureBlob.account must be the name of a storage account: small letters and digits only',
      'spec.azureBlob.container must be the name of a container: small letters, digits and single dashes between them',
    ],
  ],
  [
    'a block of another source',
    recording({ source: { type: 'TestCard', stream: { url: 'rtmp://h/a' } } }),
    ['spec.source.stream belongs to type: Stream only'],
  ],
  [
    'two addresses',
    recording({
      source: { type: 'Stream', stream: { url: 'rtmp://h/a', urlSecretRef: { name: 's', key: 'u' } } },
    }),
    ['spec.source.stream must have either url or urlSecretRef'],
  ],
  ['no source and no profile', recording({}), ['spec.source is required where no profileRef brings one']],
  [
    'an unknown placeholder in a URL',
    recording({ source: { type: 'Stream', stream: { url: 'rtmp://h/{meetingid}' } } }),
    ['spec.source.stream.url may hold {room} and {meetingId}, and no other braces'],
  ],
  [
    'another scheme',
    recording({ source: { type: 'Stream', stream: { url: 'gopher://h/x' } } }),
    [
      'spec.source.stream.url must be an rtmp, rtmps, rtsp, rtsps, srt, http, https or file URL, or a path that starts with / or ./',
    ],
  ],
  [
    'wrong types',
    recording({
      source: { type: 'TestCard' },
      video: { width: '1280', height: 720.5 },
      retries: null,
      metadata: [],
    }),
    [
      'spec.video.width must be a number, not text',
      'spec.video.height must be a whole number, not a number',
      'spec.retries must be a number, not nothing',
      'spec.metadata must be a map of fields, not a list',
    ],
  ],
  [
    'values out of bounds',
    recording({
      source: { type: 'TestCard' },
      video: { width: 8 },
      retries: 101,
      storage: { refs: [] },
      room: '',
      fileNamePrefix: 'a-b',
      path: '../x/{nmae}',
      maxDuration: '25h',
      splitEvery: 90,
      durability: '5 s',
    }),
    [
      'spec.storage.refs must have at least 1 entry',
      'spec.video.width must be at least 16',
      'spec.maxDuration must be between 60s and 24h',
      'spec.splitEvery must be text, not a number',
      'spec.path must not hold "." or ".." as a directory, nor control characters or a backslash',
      'spec.path may hold {namespace} {name} {room} {date} {time} {timestamp} {year} {month} {day} {hour} {uid}, and no other braces',
      'spec.room must not be empty',
      'spec.durability must be a duration like 30s, 1h30m or 250ms',
      'spec.fileNamePrefix must be letters, digits and underscores only',
      'spec.retries must be at most 100',
    ],
  ],
  [
    'two identities',
    storage({
      provider: 'GCS',
      gcs: { bucket: 'abc' },
      credentials: { secretRef: { name: 'a' }, serviceAccountName: 'b' },
    }),
    ['spec.credentials must name a Secret or a ServiceAccount, not both'],
  ],
  [
    'a key id without KMS',
    storage({ provider: 'S3', s3: { bucket: 'abc', encryption: { type: 'S3', keyId: 'k' } } }),
    ['spec.s3.encryption.keyId belongs to type: KMS only'],
  ],
  [
    'a key context without KMS',
    storage({ provider: 'S3', s3: { bucket: 'abc', encryption: { type: 'S3', context: { a: 'b' } } } }),
    ['spec.s3.encryption.context belongs to type: KMS only'],
  ],
  [
    'a lock that would last an hour',
    storage({ provider: 'S3', s3: { bucket: 'abc', objectLock: { mode: 'Governance', retainFor: '1h' } } }),
    ['spec.s3.objectLock.retainFor must be between 24h and 876000h'],
  ],
  [
    'a region that is a host name',
    storage({ provider: 'DigitalOcean', digitalOcean: { bucket: 'abc', region: 'fra1.evil.example/' } }),
    ['spec.digitalOcean.region must be a region like fra1'],
  ],
  [
    'an endpoint with a password',
    storage({ provider: 'S3', s3: { bucket: 'abc', endpoint: 'https://me:secret@host' } }),
    ['spec.s3.endpoint must be an http or https URL without user info or query, like https://s3.example.com'],
  ],
  [
    'a name in capitals',
    { ...recording({ source: { type: 'TestCard' } }), metadata: { name: 'Physics' } },
    ['metadata.name must be lower-case letters, digits, "-" and ".", with a letter or a digit at both ends'],
  ],
  [
    'a Secret in the wrong encoding',
    { apiVersion: 'v1', kind: 'Secret', metadata, data: { accessKeyId: 'not base64!' }, strngData: {} },
    [
      'strngData: unknown key; did you mean stringData?',
      'data must hold base64 of text; put plain text under stringData',
    ],
  ],
];

describe('a wrong manifest', () => {
  it.each(wrong)('with %s says so', (_what, document, lines) => {
    expect(checkManifest(document).problems.map(problemLine)).toEqual(lines);
  });

  it('never shows a value that is not from a closed list', () => {
    const document = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata,
      data: { accessKeyId: 'hunter2 hunter2' },
      stringData: { password: ['hunter2'] },
    };
    expect(() => parseManifest(document)).toThrow(TapedeckError);
    expect(() => parseManifest(document)).not.toThrow('hunter2');
  });
});
