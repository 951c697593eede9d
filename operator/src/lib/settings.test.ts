import { expect, it } from 'vitest';
import { parseSettings, readIdentity } from './settings.ts';

const recorder = { image: 'tapedeck/recorder:0.1.0' };

it('fills in what is not said', () => {
  expect(parseSettings(JSON.stringify({ recorder }))).toMatchObject({
    reportInterval: 0.8,
    progressInterval: 30,
    ports: { report: 8443, health: 8080 },
    recorder: { image: 'tapedeck/recorder:0.1.0', scratchBytes: 1_073_741_824 },
  });
});

it.each([
  ['{', 'not JSON'],
  ['{}', 'recorder'],
  [JSON.stringify({ recorder: { image: '' } }), 'recorder.image'],
  [JSON.stringify({ recorder, defaultStorge: 'a' }), 'defaultStorge'],
  [JSON.stringify({ recorder, ports: { reports: 1 } }), 'ports'],
  [JSON.stringify({ recorder, watchNamespaces: [''] }), 'watchNamespaces'],
  [JSON.stringify({ recorder: { ...recorder, imagePullSecrets: ['pull'] } }), 'recorder.imagePullSecrets.0'],
  [
    JSON.stringify({ recorder: { ...recorder, network: { blocked: ['10.0.0.1'] } } }),
    'recorder.network.blocked',
  ],
])('refuses %s', (text, words) => {
  expect(() => parseSettings(text)).toThrow(words);
});

it('names what the environment lacks', () => {
  expect(() => readIdentity({ TAPEDECK_NAMESPACE: 'a' })).toThrow('TAPEDECK_POD_NAME, TAPEDECK_POD_IP');
});
