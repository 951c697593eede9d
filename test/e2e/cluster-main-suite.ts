import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { operatorNamespace } from '../cluster/operator-rights.ts';
import { startChild } from '../media/child.ts';
import { decodeAll, requireOrdinaryMp4 } from '../media/inspect.ts';
import { root } from '../repo/checkout.ts';
import { type ClusterStage, soon } from './cluster-stage.ts';

/** From a storage without its Secret to a file that plays. */
export function testMainJob(stage: ClusterStage): void {
  it('is installed and ready within 30 s', () => {
    process.stderr.write(`helm install took ${stage.installSeconds.toFixed(1)} s\n`);
    expect(stage.installSeconds).toBeLessThan(30);
  });

  it('says what a storage lacks, and takes it into service when its Secret comes', async () => {
    await stage.cluster.apply([stage.storage('team', 'team-bucket')]);
    await vi.waitFor(async () => {
      expect(await stage.storageCondition('team', 'Ready')).toMatchObject({
        status: 'False',
        reason: 'InvalidCredentials',
      });
    }, soon);
    expect((await stage.storageCondition('team', 'Ready'))?.message).toContain('Secret');
    await stage.cluster.apply([stage.secret()]);
    await stage.must('wait', '--for=condition=Ready', '--timeout=90s', 'xs/team');
  }, 240_000);

  it('records for helm test, which takes away all that it made', async () => {
    const { namespace } = stage;
    await stage.release('upgrade', '--set', `test.storage=team,test.namespace=${namespace},test.seconds=3`);
    const said = await stage.cluster.helm([
      ...['test', 'tapedeck', '--namespace', operatorNamespace, '--logs', '--timeout', '110s'],
    ]);
    expect(said).toContain('Passed.');
    expect(said).toMatch(/team: team\/\S+\.mp4, \d+ bytes; removed again/);
    for (const where of [namespace, operatorNamespace]) {
      const left = await stage.cluster.must([
        ...['-n', where, 'get', 'recordings,jobs,pods,serviceaccounts,roles,rolebindings', '-o', 'name'],
      ]);
      expect(left).not.toContain('tapedeck-test');
    }
    expect(await stage.keys()).toEqual([]);
    expect(await stage.must('get', 'networkpolicies', '-o', 'name')).toContain('tapedeck-recorder');
  }, 300_000);

  it('records, pauses, goes on and stops by kubectl patch; the file is in the bucket and plays', async () => {
    await stage.cluster.apply([stage.recording('physics')]);
    await stage.records('physics', 4);
    await stage.patch('physics', 'Paused');
    await vi.waitFor(async () => expect((await stage.statusOf('physics')).phase).toBe('Paused'), soon);
    // Longer than the grain of a pause, which is the time between two key frames.
    await sleep(4_000);
    await stage.patch('physics', 'Recording');
    await stage.records('physics', 8);
    await stage.patch('physics', 'Stopped');
    const status = await stage.completes('physics');
    expect(status.phase).toBe('Uploaded');
    expect(status.pauses).toHaveLength(1);
    expect(Number.parseFloat(status.pauses?.[0]?.duration ?? '0')).toBeGreaterThan(2);
    expect(status.attempts).toMatchObject([{ number: 1, reason: 'Complete' }]);
    const [output] = status.outputs ?? [];
    if (output === undefined) throw new Error('the recording names no file');
    const file = await stage.fetchFile(output.key);
    const facts = await requireOrdinaryMp4(file);
    await decodeAll(file);
    expect(Math.abs(facts.durationSeconds - Number.parseFloat(output.duration))).toBeLessThan(0.2);
    expect(await stage.keys('team/')).toEqual([output.key]);
    await vi.waitFor(async () => {
      expect(await stage.must('get', 'jobs', '-o', 'name')).not.toContain('rec-');
    }, soon);
    await stage.tells('recording', 'physics', /Complete/);
  }, 300_000);
}

/** Of what the main job has made. */
export function testCopy(stage: ClusterStage): void {
  it('copies a finished recording to another storage, byte for byte', async () => {
    await stage.cluster.apply([
      stage.storage('archive', 'team-bucket'),
      {
        apiVersion: 'tapedeck.dev/v1alpha1',
        kind: 'RecordingCopy',
        metadata: { name: 'physics-archive', namespace: stage.namespace },
        spec: { recordingRef: { name: 'physics' }, storage: { name: 'archive' } },
      },
    ]);
    await stage.must('wait', '--for=condition=Complete', '--timeout=120s', 'recc/physics-archive');
    const [copy, ...others] = await stage.keys('archive/');
    const [original] = (await stage.statusOf('physics')).outputs ?? [];
    if (copy === undefined || original === undefined) throw new Error('there is no copy, or no original');
    expect(others).toEqual([]);
    // Both have the same name, and are fetched to the same place.
    const copied = await readFile(await stage.fetchFile(copy));
    expect(copied.equals(await readFile(await stage.fetchFile(original.key)))).toBe(true);
    await stage.tells('recordingcopy', 'physics-archive', /Complete/);
  }, 240_000);
}

/** The same from a person's own machine, by the command. */
export function testCommand(stage: ClusterStage): void {
  const tapedeck = async (...words: string[]): Promise<string> => {
    const program = path.join(root, 'packages/cli/dist/main.js');
    const where = ['--kubeconfig', stage.cluster.kubeconfig, '-n', stage.namespace];
    const child = startChild(process.execPath, [program, ...words, ...where], { cwd: stage.directory });
    try {
      expect(await child.exited, child.output()).toBe(0);
      return child.output();
    } finally {
      child.process.kill('SIGKILL');
    }
  };

  it('finds nothing wrong with the cluster, and has the storage checked there', async () => {
    expect(await tapedeck('doctor', '--wait', '60s')).toMatch(/✓ +operator +\S+\/tapedeck/);
    expect(await tapedeck('storage', 'check', 'team')).toMatch(/✓ +Write [\s\S]*team.*: ready/);
  }, 120_000);

  it('runs a recording there, follows it, and ends when the file can be fetched', async () => {
    const file = path.join(stage.directory, 'spoken.yaml');
    await writeFile(file, JSON.stringify(stage.recording('spoken', { stopWhen: { elapsed: '5s' } })));
    const said = await tapedeck('run', '-f', file);
    const { outputs = [], stopReason } = await stage.statusOf('spoken');
    expect(stopReason).toBe('Elapsed');
    expect(said).toContain(outputs[0]?.url);
    for (const { key } of outputs) await decodeAll(await stage.fetchFile(key));
  }, 180_000);
}

/** What an upgrade and the end of a release leave alone; the last of all, for the operator is gone then. */
export function testRelease(stage: ClusterStage): void {
  it('keeps secrets to kubelet and to the recorder', async () => {
    const { must } = stage.cluster;
    const log = await must([
      ...['-n', operatorNamespace, 'logs', '-l', 'app.kubernetes.io/name=tapedeck-operator', '--tail=-1'],
    ]);
    const all = await must(['get', 'recordings,externalstorages,events,configmaps', '-A', '-o', 'json']);
    for (const text of [log, all]) expect(text).not.toContain(stage.store.secretAccessKey);
  });

  it('an upgrade of the release touches no run', async () => {
    await stage.cluster.apply([stage.recording('upgraded')]);
    await stage.records('upgraded', 2);
    const before = await stage.podOf('upgraded');
    await stage.release('upgrade', '--set', 'podAnnotations.upgraded=yes');
    await stage.records('upgraded', 5);
    const { attempts } = await stage.stopAndPlay('upgraded');
    expect(attempts).toMatchObject([{ pod: before, reason: 'Complete' }]);
  }, 300_000);

  it('an uninstalled release leaves the definitions, the resources and the files', async () => {
    const before = await stage.keys();
    await stage.cluster.helm(['uninstall', 'tapedeck', '--namespace', operatorNamespace, '--wait']);
    const kept = await stage.cluster.must(['get', 'crds', '-o', 'name']);
    const ours = kept
      .trim()
      .split('\n')
      .filter((name) => name.endsWith('.tapedeck.dev'));
    expect(ours).toHaveLength(4);
    expect((await stage.statusOf('physics')).phase).toBe('Uploaded');
    expect(await stage.keys()).toEqual(before);
    const left = await stage.cluster.must(['-n', operatorNamespace, 'get', 'deployments', '-o', 'name']);
    expect(left).toBe('');
  }, 120_000);
}
