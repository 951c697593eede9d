import { parseManifest } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import { parseDestination } from './destination.ts';
import { composeRecording } from './recording-document.ts';
import { parsePage, parseSource } from './source-argument.ts';

const around = { cwd: '/cwd', home: '/home/u', env: {}, readFile: () => '' };

describe('--to', () => {
  it.each([
    ['team-bucket', { storage: 'team-bucket' }],
    [
      './out',
      {
        made: {
          name: expect.stringMatching(/^out-[0-9a-f]{6}$/),
          spec: { provider: 'Local', local: { directory: '/cwd/out' } },
        },
      },
    ],
    [
      '/a/B c',
      {
        made: {
          name: expect.stringMatching(/^b-c-/),
          spec: { provider: 'Local', local: { directory: '/a/B c' } },
        },
      },
    ],
    [
      '~/x',
      {
        made: {
          name: expect.stringMatching(/^x-/),
          spec: { provider: 'Local', local: { directory: '/home/u/x' } },
        },
      },
    ],
    [
      's3://bkt',
      {
        made: {
          name: expect.stringMatching(/^bkt-/),
          address: 's3://bkt',
          spec: { provider: 'S3', s3: { bucket: 'bkt' } },
        },
      },
    ],
    [
      's3://bkt/a/b/?region=eu-central-1&endpoint=http://127.0.0.1:9000',
      {
        made: {
          name: expect.stringMatching(/^bkt-/),
          address: expect.stringContaining('s3://bkt/a/b/'),
          spec: {
            provider: 'S3',
            s3: {
              bucket: 'bkt',
              region: 'eu-central-1',
              endpoint: 'http://127.0.0.1:9000',
              forcePathStyle: true,
            },
            prefix: 'a/b',
          },
        },
      },
    ],
  ])('%s', (text, expected) => {
    expect(parseDestination(text, around)).toEqual(expected);
  });

  it.each([
    ['s3://key:secret@bkt', 'InvalidManifest'],
    ['s3://bkt?regoin=x', 'InvalidManifest'],
    ['ftp://x', 'InvalidManifest'],
    ['Not A Name', 'InvalidManifest'],
  ])('%s is refused', (text, code) => {
    expect(() => parseDestination(text, around)).toThrow(expect.objectContaining({ code }));
    expect(() => parseDestination(text, around)).not.toThrow(/secret@/);
  });
});

describe('SOURCE', () => {
  it.each([
    ['testcard', { type: 'TestCard' }],
    ['rtmp://h/live/key', { type: 'Stream', url: 'rtmp://h/live/key', secret: true }],
    ['https://h/live.m3u8', { type: 'Stream', url: 'https://h/live.m3u8', secret: false }],
    ['https://h/live.m3u8?token=x', { type: 'Stream', url: 'https://h/live.m3u8?token=x', secret: true }],
    ['rtsp://u:p@h/1', { type: 'Stream', url: 'rtsp://u:p@h/1', secret: true }],
    [
      'package.json',
      { type: 'Stream', url: expect.stringMatching(/^file:\/\/\/.*package\.json$/), secret: false },
    ],
  ])('%s', async (text, expected) => {
    expect(await parseSource(text)).toEqual(expected);
  });

  it.each(['gopher://x', 'no/such/file.mp4'])('%s is refused', async (text) => {
    await expect(parseSource(text)).rejects.toMatchObject({ code: 'InvalidSource' });
  });
});

describe('the manifest of a recording', () => {
  it('brings along the credentials that the environment has for the place', async () => {
    const env = { AZURE_STORAGE_CONNECTION_STRING: 'AccountName=acme;AccountKey=c2VjcmV0' };
    const documents = composeRecording({
      source: { type: 'TestCard' },
      destination: parseDestination('az://recordings/a', { ...around, env }),
      namespace: 'default',
      name: 'r',
      duration: undefined,
      now: new Date(),
    });
    expect(documents.map(parseManifest).map(({ kind }) => kind)).toEqual([
      'Secret',
      'ExternalStorage',
      'Recording',
    ]);
    expect(documents[1]).toMatchObject({
      spec: { credentials: { secretRef: { name: expect.stringMatching(/^recordings-/) } } },
    });
    expect(JSON.stringify(documents.slice(1))).not.toContain('c2VjcmV0');
  });

  const compose = async (source: string, to: string) =>
    composeRecording({
      source: await parseSource(source),
      destination: parseDestination(to, around),
      namespace: 'default',
      name: undefined,
      duration: '30s',
      now: new Date('2026-11-21T09:00:00.123Z'),
    });

  it('is what a file would hold', async () => {
    const documents = await compose('testcard', './out');
    expect(documents.map(parseManifest).map(({ kind, metadata }) => [kind, metadata.name])).toEqual([
      ['ExternalStorage', expect.stringMatching(/^out-/)],
      ['Recording', 'recording-20261121-090000-123'],
    ]);
    expect(documents[1]).toMatchObject({ spec: { stopWhen: { elapsed: '30s' } } });
  });

  it('keeps an address with a secret out of the Recording', async () => {
    const documents = await compose('rtmp://h/live/key', 'team-bucket');
    expect(documents.map(parseManifest).map(({ kind }) => kind)).toEqual(['Secret', 'Recording']);
    expect(JSON.stringify(documents[1])).not.toContain('/live/key');
  });
});

it('records a page where --page says so', () => {
  const documents = composeRecording({
    source: parsePage('https://meet.example.com/room'),
    destination: { storage: 'team-bucket' },
    namespace: 'default',
    name: 'room',
    duration: undefined,
    now: new Date(0),
  });
  expect(documents.map(parseManifest)).toMatchObject([
    { spec: { source: { type: 'Page', page: { url: 'https://meet.example.com/room' } } } },
  ]);
  expect(() => parsePage('rtmp://h/app')).toThrow('--page');
});
