import { expect, it } from 'vitest';
import { browserFlags } from './browser-flags.ts';
import { browserPreferences } from './browser-preferences.ts';

const usual = {
  ...{ profile: '/p', width: 640, height: 360, language: 'de-DE', proxy: 'http://127.0.0.1:1' },
  ...{ sandbox: true, littleSharedMemory: false, silence: '/s', blackness: '/b', directMedia: false },
};

it('leaves no way round the proxy, loopback and WebRTC included', () => {
  expect(browserFlags(usual)).toEqual(
    expect.arrayContaining([
      ...['--proxy-server=http://127.0.0.1:1', '--proxy-bypass-list=<-loopback>', '--disable-quic'],
      '--webrtc-ip-handling-policy=disable_non_proxied_udp',
    ]),
  );
  expect(JSON.parse(browserPreferences(usual)).webrtc).toEqual({
    ip_handling_policy: 'disable_non_proxied_udp',
  });
});

it('lets WebRTC send by itself only where that is set', () => {
  const direct = { ...usual, directMedia: true };
  expect(browserFlags(direct).join(' ')).not.toContain('non_proxied');
  expect(JSON.parse(browserPreferences(direct))).not.toHaveProperty('webrtc');
});

it('gives up the sandbox only where there is none', () => {
  expect(browserFlags(usual)).not.toContain('--no-sandbox');
  expect(browserFlags({ ...usual, sandbox: false })).toContain('--no-sandbox');
});
