import type { CopyPlan, RunPlan } from '@tapedeck/control';
import { exitCodes } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import { checkJob, checkName, runJob } from './job-manifest.ts';
import type { RecorderSettings } from './recorder-settings.ts';

const settings: RecorderSettings = {
  image: 'tapedeck/recorder:0.1.0',
  imagePullPolicy: 'IfNotPresent',
  imagePullSecrets: [{ name: 'pull' }],
  reportUrl: 'https://tapedeck-report.tapedeck-system.svc:8443',
  reportCa: '-----BEGIN CERTIFICATE-----\n',
  scratchBytes: 1024 * 1024 * 1024,
  resources: { requests: { cpu: '500m', memory: '256Mi' }, limits: { memory: '1Gi' } },
};
const uid = '6f1c2a4e-0000-4000-8000-000000000001';

const s3 = (name: string, more: object = {}): RunPlan['storages'][number] => ({
  name,
  spec: { provider: 'S3', s3: { bucket: 'recordings' }, ...more },
});
const withSecret = { credentials: { secretRef: { name: 'team-bucket' } } };
const withAccount = (serviceAccountName: string) => ({ credentials: { serviceAccountName } });

function plan(more: Partial<RunPlan> = {}): RunPlan {
  return {
    version: 1,
    mode: 'Record',
    id: `${uid}-1`,
    recording: { namespace: 'lectures', name: 'physics-9am', uid },
    attempt: 1,
    source: { type: 'TestCard' },
    video: { codec: 'H264', encode: 'Auto' },
    audio: { codec: 'AAC' },
    maxDurationSeconds: 7200,
    splitEverySeconds: 3600,
    durabilitySeconds: 5,
    storages: [s3('team-bucket', withSecret)],
    keyBase: 'lectures/physics_20261121T090000Z',
    previous: [],
    desired: 'Recording',
    ...more,
  };
}

describe('the Job of a run', () => {
  it('is what it was', async () => {
    const job = JSON.stringify(runJob(plan(), settings), null, 2);
    await expect(`${job}\n`).toMatchFileSnapshot('testing/golden/run-job.golden');
  });

  it('has room for a browser, the page’s Secrets, and what the installation lets pages visit', () => {
    const source: RunPlan['source'] = {
      ...{ type: 'Page', url: 'https://meet.example.com/', readyTimeoutSeconds: 30, startWhen: 'Loaded' },
      secrets: { headers: 'join', localStorage: 'items' },
    };
    const pages = {
      visit: ['10.1.0.0/16', '*.internal'],
      media: 'Proxied',
      resources: { requests: { cpu: '1' } },
    } as const;
    const { spec, metadata } = runJob(plan({ source }), { ...settings, pages }).spec.template;
    const [container] = spec.containers;
    expect(container?.env).toEqual(
      expect.arrayContaining([{ name: 'TAPEDECK_PAGE_VISIT', value: '10.1.0.0/16,*.internal' }]),
    );
    expect(container?.resources).toEqual({ requests: { cpu: '1' } });
    const mounts = Object.fromEntries(
      (container?.volumeMounts ?? []).map(({ name, mountPath }) => [name, mountPath]),
    );
    expect(mounts).toMatchObject({
      shm: '/dev/shm',
      'source-headers': '/run/tapedeck/source/headers',
      'source-localstorage': '/run/tapedeck/source/localStorage',
    });
    for (const name of Object.keys(mounts)) expect(spec.volumes.map((one) => one.name)).toContain(name);
    expect(JSON.parse(metadata.annotations['tapedeck.dev/spec'] ?? '').source).toMatchObject({
      headers: { type: 'Directory', path: '/run/tapedeck/source/headers' },
      cookies: { type: 'None' },
    });
  });

  it('with a secret address, resources of its own and two storages is what it was', async () => {
    const source: RunPlan['source'] = {
      type: 'Stream',
      urlSecretRef: { name: 'join', key: 'url' },
      lostTimeoutSeconds: 30,
      startTimeoutSeconds: 30,
    };
    const wanted = plan({
      source,
      resources: { requests: { cpu: '2' } },
      storages: [s3('team-bucket', withSecret), s3('cold', withAccount('recorder'))],
    });
    const job = JSON.stringify(runJob(wanted, { ...settings, priorityClassName: 'live' }), null, 2);
    await expect(`${job}\n`).toMatchFileSnapshot('testing/golden/run-job-stream.golden');
  });

  it('fails at every exit code of the table but success, so that no second pod comes', () => {
    const { rules } = runJob(plan(), settings).spec.podFailurePolicy;
    const codes = rules.flatMap((rule) => ('onExitCodes' in rule ? rule.onExitCodes.values : []));
    expect([...codes].sort()).toEqual(
      Object.values(exitCodes)
        .filter((code) => code !== 0)
        .sort(),
    );
    expect(rules.every(({ action }) => action === 'FailJob')).toBe(true);
  });

  it('has a name that depends on the run alone and leaves room for a pod’s own', () => {
    expect(runJob(plan(), settings).metadata.name).toBe(
      runJob(plan({ desired: 'Paused' }), settings).metadata.name,
    );
    expect(runJob(plan({ id: `${uid}-128` }), settings).metadata.name.length).toBeLessThanOrEqual(57);
  });

  it('holds nothing of a Secret but its name', () => {
    const text = JSON.stringify(runJob(plan(), settings));
    expect(text).toContain('"credentials\\":{\\"type\\":\\"Directory\\"');
    expect(text).not.toMatch(/secretAccessKey|stringData|secretKeyRef/);
  });

  it('has the one ServiceAccount that its storages name', () => {
    const storages = [s3('a', withAccount('recorder')), s3('b'), s3('c', withAccount('recorder'))];
    expect(runJob(plan({ storages }), settings).spec.template.spec).toMatchObject({
      serviceAccountName: 'recorder',
    });
    const two = [s3('a', withAccount('one')), s3('b', withAccount('two'))];
    expect(() => runJob(plan({ storages: two }), settings)).toThrow(
      'ExternalStorages a and b name different ServiceAccounts, and one pod has one',
    );
  });

  it.each([
    ['a Secret', s3('a', withSecret), {}],
    ['keys of a login', { name: 'a', spec: { provider: 'SFTP' as const } }, {}],
    ['nothing', s3('a'), { 'tapedeck.dev/identity': 'pod' }],
    [
      'a ServiceAccount of Azure',
      {
        name: 'a',
        spec: {
          provider: 'AzureBlob' as const,
          azureBlob: { account: 'a', container: 'b' },
          ...withAccount('recorder'),
        },
      },
      { 'tapedeck.dev/identity': 'pod', 'azure.workload.identity/use': 'true' },
    ],
  ])('whose storage has %s is labelled for it', (_, storage, labels) => {
    const given = Object.entries(
      runJob(plan({ storages: [storage] }), settings).spec.template.metadata.labels,
    );
    expect(Object.fromEntries(given.filter(([key]) => /identity/.test(key)))).toEqual(labels);
  });

  it('refuses a directory of one machine', () => {
    const storages: RunPlan['storages'] = [
      { name: 'here', spec: { provider: 'Local', local: { directory: '/a' } } },
    ];
    expect(() => runJob(plan({ storages }), settings)).toThrow(
      'ExternalStorage here is a directory of one machine',
    );
  });
});

describe('the Job of a copy', () => {
  it('is what it was: the Secrets of both storages, and nothing else of a recording’s', async () => {
    const copy: CopyPlan = {
      version: 1,
      mode: 'Copy',
      id: `${uid}-1`,
      copy: { namespace: 'lectures', name: 'physics-archive', uid },
      attempt: 1,
      target: 'archive',
      storages: [
        s3('archive', { credentials: { secretRef: { name: 'archive' } } }),
        s3('team-bucket', withSecret),
      ],
      files: [
        {
          segment: 1,
          key: 'in/physics.mp4',
          durationSeconds: 60,
          sources: [{ storage: 'team-bucket', key: 'physics.mp4', bytes: 1000, crc32: '0a1b2c3d' }],
        },
      ],
      previous: [],
      desired: 'Recording',
    };
    const job = JSON.stringify(runJob(copy, settings), null, 2);
    await expect(`${job}\n`).toMatchFileSnapshot('testing/golden/copy-job.golden');
  });
});

describe('the Job of a check', () => {
  const check = { id: `${uid}-1764000000000-12`, namespace: 'lectures', ...s3('team-bucket', withSecret) };

  it('is what it was', async () => {
    const job = JSON.stringify(checkJob(check, settings), null, 2);
    await expect(`${job}\n`).toMatchFileSnapshot('testing/golden/check-job.golden');
  });

  it('has a name that a Job may have, whatever its id', () => {
    expect(checkName(check.id)).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
    expect(checkName(`${uid}-1764000000000-1`)).not.toBe(checkName(`${uid}-1764000000000-2`));
  });
});
