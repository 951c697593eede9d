import { describe, expect, it } from 'vitest';
import { mergeProfile } from './merge.ts';
import { resolveRecording } from './recording-config.ts';
import { unavailableFeatures } from './unavailable.ts';

describe('mergeProfile', () => {
  it('lets the recording win field by field', () => {
    const merged = mergeProfile(
      { source: { type: 'TestCard' }, video: { width: 640 }, restream: [] },
      {
        video: { width: 1280, height: 720 },
        audio: { codec: 'AAC' },
        restream: [{ name: 'x', url: 'rtmp://h/a' }],
      },
    );
    expect(merged).toEqual({
      source: { type: 'TestCard' },
      video: { width: 640, height: 720 },
      audio: { codec: 'AAC' },
      restream: [],
    });
  });

  it('takes a source and a storage whole', () => {
    const merged = mergeProfile(
      {
        source: { type: 'Stream', stream: { urlSecretRef: { name: 's', key: 'u' } } },
        storage: { refs: [{ name: 'a' }] },
      },
      {
        source: { type: 'Stream', stream: { url: 'rtmp://h/a', lostTimeout: '1m' } },
        storage: { refs: [{ name: 'b' }], mode: 'Mirror' },
      },
    );
    expect(merged.source).toEqual({ type: 'Stream', stream: { urlSecretRef: { name: 's', key: 'u' } } });
    expect(merged.storage).toEqual({ refs: [{ name: 'a' }] });
  });
});

describe('resolveRecording', () => {
  it('fills in every default', () => {
    expect(resolveRecording({ source: { type: 'TestCard' } })).toMatchObject({
      source: { type: 'TestCard' },
      video: { codec: 'H264', encode: 'Auto' },
      audio: { codec: 'AAC' },
      state: 'Recording',
      maxDurationSeconds: 86_400,
      splitEverySeconds: 7200,
      durabilitySeconds: 5,
      retries: 5,
      deletionPolicy: 'Retain',
    });
  });

  it('carries a stop that was asked for in advance', () => {
    const config = resolveRecording({ source: { type: 'TestCard' }, stopWhen: { elapsed: '20s' } });
    expect(config.stopAfterSeconds).toBe(20);
  });

  it('puts the room into the profile’s URL as one component', () => {
    const profile = {
      source: { type: 'Stream' as const, stream: { url: 'rtmp://h/live/{room}?id={meetingId}' } },
    };
    expect(resolveRecording({ room: 'a/b?c', profileRef: { name: 'p' } }, profile).source).toEqual({
      type: 'Stream',
      url: 'rtmp://h/live/a%2Fb%3Fc?id=a%2Fb%3Fc',
      lostTimeoutSeconds: 30,
      startTimeoutSeconds: 30,
    });
    expect(() => resolveRecording({ profileRef: { name: 'p' } }, profile)).toThrow(/spec.room is not set/);
  });

  it('says when there is no source at all', () => {
    expect(() => resolveRecording({ profileRef: { name: 'p' } }, {})).toThrow(/spec.source is absent/);
  });
});

it('names what this build does not do, each with advice', () => {
  expect(unavailableFeatures({ source: { type: 'TestCard' }, hls: { enabled: false }, stills: {} })).toEqual(
    [],
  );
  expect(
    unavailableFeatures({
      source: { type: 'Page', page: { url: 'https://h/' } },
      video: { codec: 'VP8', exportFile: true, watermark: { url: 'x' } },
      audio: { codec: 'MP3', exportFile: true },
      restream: [{ name: 'a', url: 'rtmp://h/a' }],
      hls: { enabled: true },
      stills: { every: '10s' },
      stopWhen: { silent: '10m' },
      state: 'Masked',
      storage: { refs: [{ name: 'a' }], mode: 'Mirror' },
      retention: '1h',
    }),
  ).toHaveLength(11);
  expect(unavailableFeatures({ source: { type: 'TestCard' }, audio: { codec: 'Vorbis' } })).toEqual([
    'spec.audio.codec: Vorbis is not supported by this version; use AAC',
  ]);
});
