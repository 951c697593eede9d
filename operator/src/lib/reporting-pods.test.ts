import { ApiError, type KubeApi, readResource } from '@tapedeck/kube-api';
import { afterEach, expect, it, vi } from 'vitest';
import { createReflectorSet } from './reflector-set.ts';
import { createReportingPods } from './reporting-pods.ts';

const end = new AbortController();
afterEach(() => vi.restoreAllMocks());

const recording = {
  apiVersion: 'tapedeck.dev/v1alpha1',
  kind: 'Recording',
  metadata: { name: 'physics', namespace: 'late', uid: 'r-1', resourceVersion: '5' },
  spec: { source: { type: 'TestCard' } },
};
const pod = {
  metadata: {
    name: 'p',
    namespace: 'late',
    uid: 'p-1',
    resourceVersion: '6',
    labels: { 'tapedeck.dev/recording-uid': 'r-1' },
  },
  spec: {},
  status: { phase: 'Running' },
};

it('knows nobody of a namespace whose recordings were never listed, for who is gone is stopped for good', async () => {
  // Back-off without its chance and nearly without its time.
  vi.spyOn(Math, 'random').mockReturnValue(-0.99);
  let refused = true;
  const api: KubeApi = {
    call: () => Promise.resolve(pod),
    apply: () => Promise.reject(new Error('not asked for')),
    list(path, onItem) {
      if (refused && path.includes('/late/recordings')) {
        return Promise.reject(new ApiError(403, 'Forbidden', 'no role there'));
      }
      if (path.includes('/late/recordings')) onItem(recording);
      return Promise.resolve({ resourceVersion: '7' });
    },
    watch: (_, __, signal) =>
      new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true })),
  };
  const common = { api, namespaces: ['late', 'other'], onProblem: () => undefined, signal: end.signal };
  const reflect = <K extends 'Recording' | 'RecordingCopy'>(kind: K, plural: string) =>
    createReflectorSet({
      ...common,
      path: (namespace) => `/namespaces/${namespace}/${plural}`,
      read: (object) => readResource(kind, object),
    });
  const owners = {
    Recording: reflect('Recording', 'recordings'),
    RecordingCopy: reflect('RecordingCopy', 'recordingcopies'),
  };
  await Promise.all([owners.Recording.synced, owners.RecordingCopy.synced]);
  const pods = createReportingPods({ api, pods: { get: () => undefined }, owners });

  await expect(pods.find({ namespace: 'late', name: 'p' })).rejects.toMatchObject({
    status: 503,
    message: 'the Recordings of namespace late are not known yet',
  });
  await expect(pods.find({ namespace: 'other', name: 'p' })).resolves.toMatchObject({
    metadata: { uid: 'p-1' },
  });
  refused = false;
  await vi.waitFor(() => expect(owners.Recording.size).toBe(1), { timeout: 5_000 });
  const found = await pods.find({ namespace: 'late', name: 'p' });
  if (found === undefined) throw new Error('no pod');
  expect(pods.ownerOf(found)).toEqual({
    kind: 'Recording',
    namespace: 'late',
    name: 'physics',
    uid: 'r-1',
  });
  end.abort();
});
