/** A manifest that is wrong in one way, and what the API server has to say about it. */
export interface BadManifest {
  readonly what: string;
  readonly kind: 'ExternalStorage' | 'Recording' | 'RecordingProfile' | 'RecordingCopy';
  readonly spec: unknown;
  /** The field's whole path, then words of the sentence. */
  readonly says: readonly [path: string, words: string];
}

const s3 = { provider: 'S3', s3: { bucket: 'recordings' } };
const stream = { source: { type: 'Stream', stream: { url: 'rtmp://stream.example.com/live/a' } } };
const testCard = { source: { type: 'TestCard' } };

const storage = (what: string, spec: unknown, path: string, words: string): BadManifest => ({
  what,
  kind: 'ExternalStorage',
  spec,
  says: [path, words],
});
const recording = (what: string, spec: unknown, path: string, words: string): BadManifest => ({
  what,
  kind: 'Recording',
  spec,
  says: [path, words],
});
const long = (length: number) => 'a'.repeat(length);

export const badManifests: readonly BadManifest[] = [
  storage('no spec', undefined, 'spec', 'Required value'),
  storage('no provider', { s3: s3.s3 }, 'spec.provider', 'Required value'),
  storage('a provider that does not exist', { provider: 'S4' }, 'spec.provider', 'Unsupported value'),
  storage('a provider without its block', { provider: 'S3' }, 'spec.s3', 'is required with provider: S3'),
  storage(
    'the block of another provider',
    { ...s3, gcs: { bucket: 'recordings' } },
    'spec.gcs',
    'belongs to provider: GCS only',
  ),
  storage(
    'Azure without its block',
    { provider: 'AzureBlob' },
    'spec.azureBlob',
    'is required with provider: AzureBlob',
  ),
  storage('SFTP without its block', { provider: 'SFTP' }, 'spec.sftp', 'is required with provider: SFTP'),
  storage('no bucket', { provider: 'S3', s3: {} }, 'spec.s3.bucket', 'Required value'),
  storage(
    'a bucket that is too short',
    { provider: 'S3', s3: { bucket: 'a' } },
    'spec.s3.bucket',
    'at least 3 chars long',
  ),
  storage(
    'an endpoint with a query',
    { provider: 'S3', s3: { bucket: 'recordings', endpoint: 'https://s3.example.com?x=1' } },
    'spec.s3.endpoint',
    'must be an http or https URL without user info or query',
  ),
  storage(
    'an endpoint with a password',
    { provider: 'S3', s3: { bucket: 'recordings', endpoint: 'https://me:secret@s3.example.com' } },
    'spec.s3.endpoint',
    'must be an http or https URL without user info or query',
  ),
  storage(
    'a key of KMS for another kind of encryption',
    { provider: 'S3', s3: { bucket: 'recordings', encryption: { type: 'S3', keyId: 'alias/a' } } },
    'spec.s3.encryption.keyId',
    'belongs to type: KMS only',
  ),
  storage(
    'eleven tags',
    {
      provider: 'S3',
      s3: {
        bucket: 'recordings',
        tags: Object.fromEntries(Array.from({ length: 11 }, (_, n) => [`tag-${n}`, 'x'])),
      },
    },
    'spec.s3.tags',
    'must have at most 10 items',
  ),
  storage('a misspelt field', { ...s3, prefx: 'a' }, 'spec.prefx', 'unknown field'),
  storage(
    'a misspelt field within a block',
    { provider: 'S3', s3: { bucket: 'recordings', Region: 'a' } },
    'spec.s3.Region',
    'unknown field',
  ),
  storage(
    'a Secret and a ServiceAccount',
    { ...s3, credentials: { secretRef: { name: 'a' }, serviceAccountName: 'b' } },
    'spec.credentials',
    'must name a Secret or a ServiceAccount, not both',
  ),
  storage(
    'a Secret without a name',
    { ...s3, credentials: { secretRef: {} } },
    'spec.credentials.secretRef.name',
    'Required value',
  ),
  storage(
    'a prefix that climbs',
    { ...s3, prefix: '../other' },
    'spec.prefix',
    'must not hold "." or ".." as a directory',
  ),
  storage('a prefix that is too long', { ...s3, prefix: long(513) }, 'spec.prefix', '512'),
  storage(
    'checks every second',
    { ...s3, check: { interval: '1s' } },
    'spec.check.interval',
    'must be between 1m and 168h',
  ),
  storage(
    'a port that is none',
    { provider: 'SFTP', sftp: { host: 'sftp.example.com', port: 70_000 } },
    'spec.sftp.port',
    'should be less than or equal to 65535',
  ),
  storage('text for a yes or no', { ...s3, suspend: 'yes' }, 'spec.suspend', 'must be of type boolean'),

  recording('nothing to record', {}, 'spec.source', 'is required where no profileRef brings one'),
  recording(
    'a source that does not exist',
    { source: { type: 'Camera' } },
    'spec.source.type',
    'Unsupported value',
  ),
  recording(
    'a stream without its block',
    { source: { type: 'Stream' } },
    'spec.source.stream',
    'is required with type: Stream',
  ),
  recording(
    'a page beside a stream',
    { source: { ...stream.source, page: { url: 'https://meet.example.com' } } },
    'spec.source.page',
    'belongs to type: Page only',
  ),
  recording(
    'a stream without an address',
    { source: { type: 'Stream', stream: {} } },
    'spec.source.stream',
    'must have either url or urlSecretRef',
  ),
  recording(
    'a stream with two addresses',
    {
      source: {
        type: 'Stream',
        stream: { url: 'rtmp://stream.example.com/live/a', urlSecretRef: { name: 'a', key: 'b' } },
      },
    },
    'spec.source.stream',
    'must have either url or urlSecretRef',
  ),
  recording(
    'an address of a kind that nobody reads',
    { source: { type: 'Stream', stream: { url: 'gopher://stream.example.com' } } },
    'spec.source.stream.url',
    'must be an rtmp, rtmps, rtsp, rtsps, srt, http, https or file URL',
  ),
  recording(
    'a placeholder that nobody fills',
    { source: { type: 'Page', page: { url: 'https://meet.example.com/{call}' } } },
    'spec.source.page.url',
    'may hold {room} and {meetingId}, and no other braces',
  ),
  recording(
    'a page that is no web page',
    { source: { type: 'Page', page: { url: 'ftp://meet.example.com' } } },
    'spec.source.page.url',
    'must be an http or https URL',
  ),
  recording(
    'a duration of five seconds',
    { ...testCard, maxDuration: '5s' },
    'spec.maxDuration',
    '60s and 24h',
  ),
  recording('a duration of two days', { ...testCard, maxDuration: '48h' }, 'spec.maxDuration', '60s and 24h'),
  recording(
    'a number for a duration',
    { ...testCard, maxDuration: 60 },
    'spec.maxDuration',
    'of type string',
  ),
  recording('a duration without a unit', { ...testCard, retention: '60' }, 'spec.retention', 'should match'),
  recording(
    'an empty list of storages',
    { ...testCard, storage: { refs: [] } },
    'spec.storage.refs',
    'should have at least 1 items',
  ),
  recording(
    'five storages',
    { ...testCard, storage: { refs: ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name })) } },
    'spec.storage.refs',
    'must have at most 4 items',
  ),
  recording(
    'a storage whose name cannot be',
    { ...testCard, storage: { refs: [{ name: 'Team_Bucket' }] } },
    'spec.storage.refs[0].name',
    'should match',
  ),
  recording(
    'a state that does not exist',
    { ...testCard, state: 'Running' },
    'spec.state',
    'Unsupported value',
  ),
  recording(
    'a file name with a slash',
    { ...testCard, fileNamePrefix: 'a/b' },
    'spec.fileNamePrefix',
    'should match',
  ),
  recording(
    'a path with an unknown placeholder',
    { ...testCard, path: '{team}/{date}' },
    'spec.path',
    'and no other braces',
  ),
  recording('a path that climbs', { ...testCard, path: 'a/../b' }, 'spec.path', 'as a directory'),
  recording(
    'a codec that does not exist',
    { ...testCard, video: { codec: 'AV1' } },
    'spec.video.codec',
    'Unsupported value',
  ),
  recording(
    'a picture of one pixel',
    { ...testCard, video: { width: 1 } },
    'spec.video.width',
    'should be greater than or equal to 16',
  ),
  recording(
    'a watermark that is more than opaque',
    { ...testCard, video: { watermark: { url: 'https://example.com/a.png', opacity: 2 } } },
    'spec.video.watermark.opacity',
    'should be less than or equal to 1',
  ),
  recording(
    'a live target without an address',
    { ...testCard, restream: [{ name: 'live' }] },
    'spec.restream[0]',
    'must have either url or urlSecretRef',
  ),
  recording(
    'a thousand retries',
    { ...testCard, retries: 1000 },
    'spec.retries',
    'less than or equal to 100',
  ),
  recording('half a retry', { ...testCard, retries: 1.5 }, 'spec.retries', 'must be of type integer'),
  recording('a misspelt field', { ...testCard, storge: {} }, 'spec.storge', 'unknown field'),
  recording('a room that is too long', { ...testCard, room: long(129) }, 'spec.room', '128'),
  {
    what: 'a profile with a duration out of bounds',
    kind: 'RecordingProfile',
    spec: { maxDuration: '1s' },
    says: ['spec.maxDuration', 'must be between 60s and 24h'],
  },
  {
    what: 'a profile with half a source',
    kind: 'RecordingProfile',
    spec: { source: { type: 'Page' } },
    says: ['spec.source.page', 'is required with type: Page'],
  },
  {
    what: 'a copy of nothing',
    kind: 'RecordingCopy',
    spec: { storage: { name: 'a' } },
    says: ['spec.recordingRef', 'Required value'],
  },
  {
    what: 'a copy to nowhere',
    kind: 'RecordingCopy',
    spec: { recordingRef: { name: 'a' } },
    says: ['spec.storage', 'Required value'],
  },
];

/** Changes of a Recording that exists, of `before` into `after`. */
export const badChanges: readonly {
  readonly what: string;
  readonly before: Readonly<Record<string, unknown>>;
  readonly after: Readonly<Record<string, unknown>>;
  readonly says: readonly [path: string, words: string];
}[] = [
  {
    what: 'another source',
    before: testCard,
    after: stream,
    says: ['spec.source', 'source cannot change once the Recording exists'],
  },
  {
    what: 'a duration that was not there',
    before: testCard,
    after: { ...testCard, maxDuration: '2h' },
    says: ['spec.maxDuration', 'maxDuration cannot change once the Recording exists'],
  },
  {
    what: 'a storage taken away',
    before: { ...testCard, storage: { refs: [{ name: 'a' }] } },
    after: testCard,
    says: ['spec.storage', 'storage cannot change once the Recording exists'],
  },
  {
    what: 'going on after a stop',
    before: { ...testCard, state: 'Stopped' },
    after: { ...testCard, state: 'Recording' },
    says: ['spec.state', 'was Stopped, which is final'],
  },
  {
    what: 'a stop taken back by leaving it out',
    before: { ...testCard, state: 'Stopped' },
    after: testCard,
    says: ['spec.state', 'was Stopped, which is final'],
  },
];

/** What may change of a Recording while it exists. */
export const goodChanges: readonly (readonly [
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
])[] = [
  [testCard, { ...testCard, state: 'Paused' }],
  [
    { ...testCard, state: 'Paused' },
    { ...testCard, state: 'Recording' },
  ],
  [testCard, { ...testCard, state: 'Stopped', deletionPolicy: 'Delete', ttlAfterFinished: '1h' }],
];
