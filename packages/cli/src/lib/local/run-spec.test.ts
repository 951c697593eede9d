import type { RunPlan } from '@tapedeck/control';
import { runSpec } from '@tapedeck/core';
import { expect, it } from 'vitest';
import { completeRunSpec } from './run-spec.ts';
import { createSecretCache } from './secret-cache.ts';

const secrets = createSecretCache();
secrets.put([
  { namespace: 'a', name: 'keys', values: { accessKeyId: 'id', secretAccessKey: 'key' } },
  { namespace: 'a', name: 'live', values: { url: 'rtmp://host/live/key' } },
]);
const around = {
  secrets,
  scratch: { directory: '/scratch', maxBytes: 1 },
  report: { url: 'unix:/s:/runs/u-1/report' },
  resultFile: '/result.json',
};
const plan: RunPlan = {
  version: 1,
  mode: 'Record',
  id: 'u-1',
  recording: { namespace: 'a', name: 'r', uid: 'u' },
  attempt: 1,
  source: {
    type: 'Stream',
    lostTimeoutSeconds: 30,
    startTimeoutSeconds: 30,
    urlSecretRef: { name: 'live', key: 'url' },
  },
  video: {},
  audio: {},
  maxDurationSeconds: 60,
  splitEverySeconds: 7200,
  durabilitySeconds: 5,
  storages: [
    {
      name: 's',
      spec: { provider: 'S3', s3: { bucket: 'bucket' }, credentials: { secretRef: { name: 'keys' } } },
    },
    { name: 'keyless', spec: { provider: 'S3', s3: { bucket: 'bucket' } } },
  ],
  keyBase: 'x',
  previous: [],
  desired: 'Recording',
};

it('puts in what control may not see, and keeps to the run contract', () => {
  const spec = completeRunSpec(plan, around);
  expect(runSpec.parse(spec)).toEqual(spec);
  expect(spec.source).toMatchObject({ url: 'rtmp://host/live/key' });
  expect(spec.source).not.toHaveProperty('urlSecretRef');
  expect(spec.storages.map(({ credentials }) => credentials)).toEqual([
    { type: 'Inline', values: { accessKeyId: 'id', secretAccessKey: 'key' } },
    { type: 'None' },
  ]);
});

it('takes Secrets of the recording’s own namespace only', () => {
  expect(() =>
    completeRunSpec({ ...plan, recording: { ...plan.recording, namespace: 'b' } }, around),
  ).toThrow(/no Secret live in namespace b .* `kind: Secret` document/);
});
