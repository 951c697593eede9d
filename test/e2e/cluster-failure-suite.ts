import { expect, it, vi } from 'vitest';
import { startBroadcastPod } from '../cluster/broadcast-pod.ts';
import { operatorNamespace } from '../cluster/operator-rights.ts';
import { type ClusterStage, soon } from './cluster-stage.ts';

/** What keeps a recording from its start: said with a reason of its own, as an event too, and over when its cause is. */
export function testFailures(stage: ClusterStage): void {
  /** Resolves with the sentence. */
  const waitsFor = async (name: string, reason: string): Promise<string> => {
    const message = await vi.waitFor(async () => {
      // Of one status: another look may find it trying again.
      const { conditions = [] } = await stage.statusOf(name);
      const condition = (type: string) => conditions.find((one) => one.type === type);
      expect(condition('Ready')).toMatchObject({ status: 'False', reason });
      expect(condition('Stalled')).toMatchObject({ status: 'True', reason });
      return condition('Ready')?.message ?? '';
    }, soon);
    await stage.tells('recording', name, new RegExp(`Warning +${reason} `));
    return message;
  };
  /** The first of it is the last: whatever it waited for, it is one attempt. */
  const goesOn = async (name: string): Promise<void> => {
    await stage.records(name, 2);
    expect(await stage.condition(name, 'Stalled')).toMatchObject({ status: 'False' });
    const { attempts } = await stage.stopAndPlay(name);
    expect(attempts).toHaveLength(1);
  };

  it('a Secret that is not there', async () => {
    const secret = stage.secret('second-bucket');
    await stage.cluster.apply([secret, stage.storage('second', 'second-bucket')]);
    await stage.must('wait', '--for=condition=Ready', '--timeout=90s', 'xs/second');
    await stage.must('delete', 'secret', 'second-bucket');
    const storage = { refs: [{ name: 'second' }] };
    await stage.cluster.apply([stage.recording('without-secret', { storage })]);
    expect(await waitsFor('without-secret', 'SecretNotFound')).toContain('second-bucket');
    await stage.cluster.apply([secret]);
    await goesOn('without-secret');
  }, 300_000);

  it('a key that its Secret has not got; then what is in it reaches the recorder and nobody else', async () => {
    const broadcast = await startBroadcastPod(stage.cluster, 'default', stage.recorderImage);
    const password = 'a-password-of-the-broadcast';
    const secret = (stringData: Record<string, string>) => ({ ...stage.secret('camera'), stringData });
    await stage.cluster.apply([secret({ other: 'x' })]);
    const urlSecretRef = { name: 'camera', key: 'url' };
    const source = { type: 'Stream', stream: { urlSecretRef } };
    await stage.cluster.apply([stage.recording('secret-source', { source })]);
    expect(await waitsFor('secret-source', 'SecretKeyNotFound')).toContain('url');
    await stage.cluster.apply([secret({ url: `${broadcast}?password=${password}` })]);
    await stage.records('secret-source', 2);
    const recorder = await stage.must('logs', await stage.podOf('secret-source'));
    await goesOn('secret-source');
    const log = ['logs', '-l', 'app.kubernetes.io/name=tapedeck-operator', '--tail=-1'];
    const said = [
      recorder,
      await stage.cluster.must(['-n', operatorNamespace, ...log]),
      await stage.must('get', 'recordings,jobs,pods,events', '-o', 'json'),
      await stage.cluster.must(['-n', operatorNamespace, 'get', 'configmaps', '-o', 'json']),
    ];
    for (const text of said) expect(text).not.toContain(password);
  }, 300_000);

  it('a node that takes no pod', async (context) => {
    stage.node(context);
    await stage.cluster.must(['cordon', 'node-1']);
    try {
      await stage.cluster.apply([stage.recording('nowhere')]);
      expect(await waitsFor('nowhere', 'Unschedulable')).toContain('unschedulable');
    } finally {
      await stage.cluster.must(['uncordon', 'node-1']);
    }
    await goesOn('nowhere');
  }, 300_000);

  it('an image that cannot be pulled, for a run and for the check of a storage', async (context) => {
    const node = stage.node(context);
    const colon = stage.recorderImage.lastIndexOf(':');
    const name = `${stage.recorderImage.slice(0, colon)}:not-there`;
    await stage.release('upgrade', '--set', 'recorder.image.tag=not-there');
    await stage.cluster.apply([stage.storage('unasked', 'team-bucket'), stage.recording('no-image')]);
    expect(await waitsFor('no-image', 'ImageNotPulled')).toContain('not-there');
    await vi.waitFor(async () => {
      const ready = await stage.storageCondition('unasked', 'Ready');
      expect(ready).toMatchObject({ status: 'False', reason: 'ImageNotPulled' });
    }, soon);
    await stage.tells('externalstorage', 'unasked', /Warning +ImageNotPulled /);
    await node.tag(stage.recorderImage, name);
    await goesOn('no-image');
    await stage.must('wait', '--for=condition=Ready', '--timeout=120s', 'xs/unasked');
    await stage.release('upgrade');
  }, 420_000);

  it('a storage whose bucket is not there', async () => {
    const broken = stage.storage('no-bucket', 'team-bucket');
    const spec = { ...broken.spec, s3: { ...broken.spec.s3, bucket: 'not-there' } };
    const storage = { refs: [{ name: 'no-bucket' }] };
    await stage.cluster.apply([{ ...broken, spec }, stage.recording('no-bucket', { storage })]);
    await vi.waitFor(async () => {
      const ready = await stage.condition('no-bucket', 'Ready');
      expect(ready).toMatchObject({ status: 'False', reason: 'StorageNotReady' });
      expect(ready?.message).toContain('BucketNotFound');
    }, soon);
    await stage.tells('recording', 'no-bucket', /StorageNotReady/);
    await stage.tells('externalstorage', 'no-bucket', /Warning +BucketNotFound /);
    await stage.cluster.apply([broken]);
    await goesOn('no-bucket');
  }, 240_000);

  it('files go with a Recording that says so', async () => {
    await stage.cluster.apply([stage.recording('tidy', { deletionPolicy: 'Delete' })]);
    await stage.records('tidy', 2);
    const { outputs = [] } = await stage.stopAndPlay('tidy');
    expect(await stage.keys('team/')).toContain(outputs[0]?.key);
    await stage.must('delete', 'recording', 'tidy', '--timeout=90s');
    expect(await stage.keys('team/')).not.toContain(outputs[0]?.key);
  }, 240_000);
}
