import { setTimeout as sleep } from 'node:timers/promises';
import { callApi } from './api-request.ts';
import type { ApiServer } from './api-server.ts';
import { createHandKubelet, type Json } from './hand-kubelet.ts';
import { checked } from './hand-report.ts';
import { countWrites, writtenBetween } from './write-count.ts';

const apiVersion = 'tapedeck.dev/v1alpha1';
/** Where everything of a crowd is. */
export const crowdPath = `/apis/${apiVersion}/namespaces/default`;
/** Requests of ours at the same time. */
const lanes = 32;
/** No write for so long is the end of what was under way. */
const quietMs = 3_000;

/** Calls the API server; a refusal is an error. */
export async function mustCall(
  server: ApiServer,
  method: string,
  path: string,
  body?: object,
  contentType?: string,
): Promise<Json> {
  const answer = await callApi(server, method, path, body, contentType);
  if (answer.message !== '') throw new Error(`${method} ${path}: ${answer.message}`);
  return answer.body;
}

export function mergePatch(server: ApiServer, path: string, patch: object): Promise<Json> {
  return mustCall(server, 'PATCH', path, patch, 'application/merge-patch+json');
}

/** A storage named team, which the operator is told is ready: this plays the pod of its check. */
export async function makeReadyStorage(server: ApiServer): Promise<void> {
  await mustCall(server, 'POST', `${crowdPath}/externalstorages`, {
    apiVersion,
    kind: 'ExternalStorage',
    metadata: { name: 'team' },
    spec: { provider: 'S3', s3: { bucket: 'recordings' }, check: { interval: '168h' } },
  });
  const kubelet = createHandKubelet(server, 'default');
  const pod = await kubelet.startPod(await kubelet.job(/^check-/));
  await pod.end(0, checked(pod.document));
  for (;;) {
    const { status } = (await mustCall(server, 'GET', `${crowdPath}/externalstorages/team`)) as {
      status?: { conditions?: { type: string; status: string }[] };
    };
    if (status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True')) break;
    await sleep(50);
  }
  await pod.remove();
}

/** Its uid. */
export async function makeRecording(server: ApiServer, name: string): Promise<string> {
  const { metadata } = await mustCall(server, 'POST', `${crowdPath}/recordings`, {
    apiVersion,
    kind: 'Recording',
    metadata: { name },
    spec: { source: { type: 'TestCard' }, storage: { refs: [{ name: 'team' }] } },
  });
  return (metadata as { uid: string }).uid;
}

/** The names of the Jobs of runs. */
export async function runJobs(server: ApiServer): Promise<readonly string[]> {
  const { items } = await mustCall(server, 'GET', '/apis/batch/v1/namespaces/default/jobs');
  const names = (items as { metadata: { name: string } }[]).map(({ metadata }) => metadata.name);
  return names.filter((name) => name.startsWith('rec-'));
}

/** Resolves once nothing has been written for a while. */
export async function untilQuiet(server: ApiServer): Promise<void> {
  for (let before = await countWrites(server); ; ) {
    await sleep(quietMs);
    const now = await countWrites(server);
    if (Object.keys(writtenBetween(before, now)).length === 0) return;
    before = now;
  }
}

/** Does the work for 0 up to the count, so many at a time as an API server likes. */
export async function inLanes<T>(count: number, work: (index: number) => Promise<T>): Promise<readonly T[]> {
  const done: T[] = [];
  let next = 0;
  const lane = async () => {
    for (let index = next++; index < count; index = next++) done[index] = await work(index);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  return done;
}
