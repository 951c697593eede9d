import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { root } from '../repo/checkout.ts';
import { type ApiAnswer, callApi } from './api-request.ts';
import { type ApiServer, startApiServer } from './api-server.ts';
import { badChanges, badManifests, goodChanges } from './bad-manifests.ts';
import { findKubernetes } from './kubernetes.ts';

const crds = `${root}/charts/tapedeck/files/crds`;
const group = '/apis/tapedeck.dev/v1alpha1/namespaces/default';
/** Holds a cold build of Kubernetes. */
const hookTimeoutMs = 25 * 60_000;
const bin = await findKubernetes();

describe.skipIf(bin === undefined)('the custom resource definitions on a real API server', () => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await startApiServer();
    const applied = await server.kubectl(['apply', '--server-side', '-f', crds]);
    expect(applied.stderr).toBe('');
    const waited = await server.kubectl(['wait', '--for=condition=Established', '--timeout=60s', '-f', crds]);
    expect(waited.code, waited.stderr).toBe(0);
  }, hookTimeoutMs);
  afterAll(async () => {
    await server?.stop();
  });

  const pathOf = (kind: string) =>
    `${group}/${kind.toLowerCase().replace(/y$/, 'ie')}s?fieldValidation=Strict&fieldManager=test`;
  const manifest = (kind: string, name: string, spec: unknown) => ({
    apiVersion: 'tapedeck.dev/v1alpha1',
    kind,
    metadata: { name },
    spec,
  });
  const tryOut = (kind: string, spec: unknown): Promise<ApiAnswer> =>
    callApi(server, 'POST', `${pathOf(kind)}&dryRun=All`, manifest(kind, 'tried', spec));

  it('can be applied as kubectl does it, and stay small', async () => {
    // Below 262,144 bytes, which is all that the annotation of a client-side apply holds.
    const applied = await server.kubectl(['apply', '--dry-run=server', '-f', crds]);
    expect(applied.code, applied.stderr).toBe(0);
    expect(readdirSync(crds)).toHaveLength(4);
  });

  it('are structural, of their names and without a warning', async () => {
    for (const plural of ['externalstorages', 'recordings', 'recordingprofiles', 'recordingcopies']) {
      const { body } = await callApi(
        server,
        'GET',
        `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.tapedeck.dev`,
      );
      const { conditions } = body.status as {
        conditions: { type: string; status: string; message: string }[];
      };
      const states = Object.fromEntries(conditions.map(({ type, status }) => [type, status]));
      expect(states, plural).toMatchObject({ Established: 'True', NamesAccepted: 'True' });
      expect(states.NonStructuralSchema, plural).toBeUndefined();
    }
  });

  it.each(badManifests.map((bad) => [`${bad.kind}: ${bad.what}`, bad] as const))(
    'refuses %s',
    async (_, { kind, spec, says: [path, words] }) => {
      const { status, message } = await tryOut(kind, spec);
      expect([400, 422]).toContain(status);
      expect(message).toContain(path);
      expect(message).toContain(words);
    },
  );

  it.each(badChanges.map((bad, index) => [bad.what, index, bad] as const))(
    'refuses a change of a Recording: %s',
    async (_, index, { before, after, says: [path, words] }) => {
      const { status, message } = await change(`bad-${index}`, before, after);
      expect(status).toBe(422);
      expect(message).toContain(`${path}: Invalid value`);
      expect(message).toContain(words);
    },
  );

  it('lets what may change', async () => {
    for (const [index, [before, after]] of goodChanges.entries()) {
      const { status, message } = await change(`good-${index}`, before, after);
      expect(message).toBe('');
      expect(status).toBe(200);
    }
  });

  it('refuses any change of a copy', async () => {
    const spec = { recordingRef: { name: 'a' }, storage: { name: 'b' } };
    const created = await callApi(
      server,
      'POST',
      pathOf('RecordingCopy'),
      manifest('RecordingCopy', 'c', spec),
    );
    expect(created.message).toBe('');
    const next = { ...manifest('RecordingCopy', 'c', { ...spec, directory: 'in' }) };
    const metadata = created.body.metadata as { resourceVersion: string };
    const path = `${group}/recordingcopies/c?fieldValidation=Strict`;
    const { status, message } = await callApi(server, 'PUT', path, { ...next, metadata });
    expect(status).toBe(422);
    expect(message).toContain('cannot change once the RecordingCopy exists');
  });

  async function change(name: string, before: unknown, after: unknown): Promise<ApiAnswer> {
    const created = await callApi(server, 'POST', pathOf('Recording'), manifest('Recording', name, before));
    expect(created.message).toBe('');
    const metadata = created.body.metadata as { resourceVersion: string };
    const next = { ...manifest('Recording', name, after), metadata };
    return callApi(server, 'PUT', `${group}/recordings/${name}?fieldValidation=Strict`, next);
  }

  it('takes everything in examples/ but what is below it, which other tests apply', async () => {
    const applied = await server.kubectl([
      'apply',
      '--server-side',
      '--dry-run=server',
      '--validate=strict',
      '-f',
      `${root}/examples`,
    ]);
    expect(applied.code, applied.stderr).toBe(0);
    expect(applied.stdout).toContain('recording.tapedeck.dev/quickstart serverside-applied');
  });

  it('tell the story of a recording in a table', async () => {
    const status = {
      phase: 'Recording',
      duration: '61.5s',
      storage: { name: 'team-bucket', provider: 'S3' },
      progress: {
        bytesRecorded: 9_000_000,
        bytesUploaded: 8_388_608,
        lag: '2.1s',
        time: '2026-11-21T09:00:00Z',
      },
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'Recording',
          message: 'It records.',
          lastTransitionTime: '2026-11-21T09:00:00.000Z',
        },
      ],
    };
    const spec = { source: { type: 'TestCard' }, room: 'physics' };
    await callApi(server, 'POST', pathOf('Recording'), manifest('Recording', 'told', spec));
    const patched = await callApi(
      server,
      'PATCH',
      `${group}/recordings/told/status?fieldManager=test&fieldValidation=Strict`,
      { ...manifest('Recording', 'told', undefined), status },
      'application/apply-patch+yaml',
    );
    expect(patched.message).toBe('');
    const shown = await server.kubectl(['get', 'rec', 'told']);
    const [head = '', row = ''] = shown.stdout.split('\n');
    expect(head.split(/\s{2,}/)).toEqual([
      'NAME',
      'PHASE',
      'STORAGE',
      'DURATION',
      'UPLOADED',
      'LAG',
      'READY',
      'AGE',
    ]);
    expect(row).toMatch(/^told +Recording +team-bucket +61\.5s +8388608 +2\.1s +True/);
    const selected = await server.kubectl(['get', 'tapedeck', '-o', 'name']);
    expect(selected.stdout).toContain('recording.tapedeck.dev/told');
    const chosen = ['get', 'recordings', '--field-selector', 'status.phase=Recording', '-o', 'name'];
    expect((await server.kubectl(chosen)).stdout.trim()).toBe('recording.tapedeck.dev/told');
    const explained = await server.kubectl(['explain', 'recording.spec.maxDuration']);
    expect(explained.stdout).toContain('pauses and gaps do not count');
  });
});
