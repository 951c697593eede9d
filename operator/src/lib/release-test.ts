import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  apiVersion,
  type ExternalStorage,
  findCondition,
  isTrue,
  parseDuration,
  type Recording,
  TapedeckError,
} from '@tapedeck/core';
import {
  ApiError,
  isNotFound,
  type KubeApi,
  kubernetesObject,
  readResource,
  resourcePath,
} from '@tapedeck/kube-api';

const lookMs = 500;
/** An image that is pulled first is what takes longest. */
const patienceMs = 240_000;
/** Of the operator, to say anything at all. */
const answerMs = 60_000;
const goneMs = 60_000;

export interface ReleaseTestOptions {
  readonly api: KubeApi;
  readonly namespace: string;
  /** ExternalStorage to record to; absent: whatever is the default there. */
  readonly storage?: string | undefined;
  /** How much to record. */
  readonly seconds: number;
  /** One line to whoever watches. */
  readonly say: (line: string) => void;
}

/**
 * What `helm test` runs: records the test card, stops it, waits for the file, and removes what it made. Where no storage is
 * there to record to, it is content with an operator that says so. Rejects with a sentence that says what went wrong.
 */
export async function testRelease(options: ReleaseTestOptions, signal: AbortSignal): Promise<void> {
  const { api, namespace, storage, seconds, say } = options;
  const name = `tapedeck-test-${randomBytes(4).toString('hex')}`;
  const path = resourcePath('Recording', namespace, name);
  const removable = storage !== undefined && (await letsDelete(api, namespace, storage));

  const patch = (body: unknown) =>
    api.call({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json', signal });

  async function look(): Promise<Recording> {
    const object = kubernetesObject.parse(await api.call({ path, signal }));
    const stored = readResource('Recording', object);
    if (stored === undefined) {
      throw new TapedeckError('NotSupported', 'the cluster has definitions of another version of Tapedeck');
    }
    return stored.resource;
  }

  /** What it says of itself each time that this changes, until it is as far as `ready` wants. */
  async function waitFor(ready: (recording: Recording) => boolean, patience: number): Promise<Recording> {
    const begun = performance.now();
    let said = '';
    for (;;) {
      const recording = await look();
      const line = storyOf(recording);
      if (line !== said) say(line);
      said = line;
      const failed = findCondition(recording.status?.conditions, 'Failed');
      if (failed?.status === 'True') throw new TapedeckError('Unknown', `it failed: ${failed.message}`);
      if (ready(recording)) return recording;
      if (performance.now() - begun > patience) {
        throw new TapedeckError('Unknown', `nothing more came of it in ${patience / 1000} s: ${line}`);
      }
      await sleep(lookMs, undefined, { signal });
    }
  }

  async function remove(): Promise<void> {
    const begun = performance.now();
    await api.call({ method: 'DELETE', path });
    while (performance.now() - begun < goneMs) {
      try {
        await api.call({ path });
      } catch (error) {
        if (isNotFound(error)) return;
      }
      await sleep(lookMs);
    }
    say(`Recording ${namespace}/${name} is deleted and not gone yet.`);
  }

  say(`Recording ${namespace}/${name}: ${seconds} s of the test card`);
  await api.call({
    method: 'POST',
    path: path.slice(0, path.lastIndexOf('/')),
    body: {
      apiVersion,
      kind: 'Recording',
      metadata: { name, namespace, labels: { 'app.kubernetes.io/managed-by': 'helm-test' } },
      spec: {
        source: { type: 'TestCard' },
        room: 'tapedeck-test',
        ...(storage === undefined ? {} : { storage: { refs: [{ name: storage }] } }),
        video: { width: 320, height: 180, frameRate: 15 },
        maxDuration: '15m',
        deletionPolicy: removable ? 'Delete' : 'Retain',
      },
    },
  });
  try {
    const answered = await waitFor(({ status }) => (status?.conditions?.length ?? 0) > 0, answerMs);
    if (storage === undefined && waitsFor(answered, 'NoStorage')) {
      say('The operator answers. Name a storage (--set test.storage=…) to record with it.');
      return;
    }
    await waitFor(({ status }) => parseDuration(status?.duration ?? '0s') >= seconds, patienceMs);
    await patch({ spec: { state: 'Stopped' } });
    const complete = await waitFor(({ status }) => isTrue(status?.conditions, 'Complete'), patienceMs);
    for (const { key, bytes, storage: where } of complete.status?.outputs ?? []) {
      say(`${where}: ${key}, ${bytes} bytes; ${removable ? 'removed again' : 'it stays there'}`);
    }
  } finally {
    await remove();
  }
}

const waitsFor = ({ status }: Recording, reason: string): boolean =>
  findCondition(status?.conditions, 'Ready')?.reason === reason;

function storyOf({ status }: Recording): string {
  const ready = findCondition(status?.conditions, 'Ready');
  return `${status?.phase ?? 'Pending'}: ${ready?.message ?? 'the operator has not looked at it yet'}`;
}

/** Its files are removed where its storage lets them be. */
async function letsDelete(api: KubeApi, namespace: string, name: string): Promise<boolean> {
  try {
    const object = kubernetesObject.parse(
      await api.call({ path: resourcePath('ExternalStorage', namespace, name) }),
    );
    const storage: ExternalStorage | undefined = readResource('ExternalStorage', object)?.resource;
    return storage?.status?.capabilities?.delete === true;
  } catch (error) {
    if (isNotFound(error)) {
      throw new TapedeckError('NotFound', `there is no ExternalStorage ${name} in namespace ${namespace}`, {
        cause: error,
      });
    }
    throw error instanceof ApiError ? new TapedeckError('Unknown', error.message, { cause: error }) : error;
  }
}
