import { runSpec, TapedeckError } from '@tapedeck/core';
import { expect, it } from 'vitest';
import { captureOnce } from './capture-session.ts';
import type { Page } from './page/page.ts';
import { createRunLog } from './run-log.ts';
import { createSourceContinuity } from './source-continuity.ts';

const spec = runSpec.parse({
  ...{ version: 1, mode: 'Record', id: 'u-1', attempt: 1, desired: 'Recording', previous: [] },
  recording: { namespace: 'default', name: 'a', uid: 'u' },
  source: {
    ...{ type: 'Page', url: 'https://h/room', readyTimeoutSeconds: 30, startWhen: 'Loaded' },
    ...{ headers: { type: 'None' }, cookies: { type: 'None' }, localStorage: { type: 'None' } },
  },
  ...{ video: {}, audio: {}, maxDurationSeconds: 60, splitEverySeconds: 7200, durabilitySeconds: 5 },
  ...{ keyBase: 'k', scratch: { directory: '/nowhere', maxBytes: 1 } },
  storages: [
    {
      name: 'place',
      spec: { provider: 'Local', local: { directory: '/nowhere' } },
      credentials: { type: 'None' },
    },
  ],
});

it('says of a page that breaks before its capture runs what the page says', async () => {
  const error = new TapedeckError('PageCrashed', 'https://h/room has crashed in the browser.');
  const page: Page = {
    screen: {
      type: 'Screen',
      ...{ name: 'https://h/room', display: ':7', width: 640, height: 360 },
      ...{ soundServer: 'unix:/nowhere', soundSource: 's', authority: '/nowhere' },
    },
    failed: AbortSignal.abort(error),
    error,
    close: async () => undefined,
  };
  const end = await captureOnce(
    {
      ...{ spec, log: createRunLog('test', () => undefined), stop: new AbortController().signal },
      onSession: () => undefined,
      onContinues: () => undefined,
      onStartsBehind: () => undefined,
      onMarks: () => undefined,
      onAway: () => undefined,
      onPageMessage: () => undefined,
      onMedia: async () => 'Continue',
    },
    {
      ...{ lost: undefined, position: 0, awaySeconds: undefined, before: undefined },
      continuity: createSourceContinuity(),
      pages: { open: async () => page, failed: () => false, close: async () => undefined },
    },
  );
  expect(end).toMatchObject({ ended: 'Broken', flowed: false, error });
});
