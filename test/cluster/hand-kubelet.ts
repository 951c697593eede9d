import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { callApi } from './api-request.ts';
import type { ApiServer } from './api-server.ts';

export interface Json {
  readonly [key: string]: unknown;
}
interface JobObject {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly annotations?: Record<string, string>;
  };
  readonly spec: {
    readonly suspend?: boolean;
    readonly template: { readonly metadata: Json; readonly spec: Json };
  };
}

/** A pod that a test has made of a Job, as the Job controller and a kubelet would have. */
export interface HandPod {
  readonly name: string;
  readonly uid: string;
  /** What is mounted into it as its spec. */
  readonly document: Json;
  /** A token for that audience that is bound to the pod. */
  token(audience: string): Promise<string>;
  setStatus(status: Json): Promise<void>;
  run(): Promise<void>;
  /** Ends with that exit code and termination message. */
  end(exitCode: number, message?: string): Promise<void>;
  remove(): Promise<void>;
}

/** Plays the Job controller and a kubelet on an API server that has neither. */
export function createHandKubelet(server: ApiServer, namespace: string) {
  const core = `/api/v1/namespaces/${namespace}`;
  const must = async (...args: Parameters<typeof callApi> extends [unknown, ...infer R] ? R : never) => {
    const answer = await callApi(server, ...args);
    if (answer.message !== '') throw new Error(answer.message);
    return answer.body;
  };

  /** All of them, or the one of that name. */
  async function jobs(name?: string): Promise<readonly JobObject[]> {
    const only = name === undefined ? '' : `?fieldSelector=metadata.name%3D${name}`;
    return (await must('GET', `/apis/batch/v1/namespaces/${namespace}/jobs${only}`)).items as JobObject[];
  }

  return {
    jobs,

    /** The first Job whose name matches, once it is there. */
    async job(name: RegExp): Promise<JobObject> {
      // After an outage watches begin again within half a minute.
      const deadline = Date.now() + 60_000;
      while (Date.now() < deadline) {
        const found = (await jobs()).find(({ metadata }) => name.test(metadata.name));
        if (found !== undefined) return found;
        await sleep(50);
      }
      throw new Error(`no Job ${name} within 60 s`);
    },

    async startPod(job: JobObject): Promise<HandPod> {
      const { metadata, spec } = job.spec.template;
      const name = `${job.metadata.name}-pod`;
      const labels = { ...(metadata.labels as Json), 'job-name': job.metadata.name };
      const owner = { apiVersion: 'batch/v1', kind: 'Job', name: job.metadata.name, uid: job.metadata.uid };
      const made = await must('POST', `${core}/pods`, {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { ...metadata, name, labels, ownerReferences: [{ ...owner, controller: true }] },
        spec: { ...spec, nodeName: 'node-1' },
      });
      const { uid } = made.metadata as { uid: string };
      const annotations = metadata.annotations as Record<string, string>;
      const setStatus = async (status: Json): Promise<void> => {
        await must('PATCH', `${core}/pods/${name}/status`, { status }, 'application/merge-patch+json');
      };
      const container = (state: Json) => [
        { name: 'recorder', image: 'x', imageID: '', ready: false, restartCount: 0, state },
      ];
      return {
        name,
        uid,
        document: documentOf(annotations, spec),
        async token(audience) {
          const account = String(spec.serviceAccountName ?? 'default');
          const body = await must('POST', `${core}/serviceaccounts/${account}/token`, {
            apiVersion: 'authentication.k8s.io/v1',
            kind: 'TokenRequest',
            spec: {
              audiences: [audience],
              expirationSeconds: 3600,
              boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name, uid },
            },
          });
          return (body.status as { token: string }).token;
        },
        setStatus,
        run: () =>
          setStatus({
            phase: 'Running',
            startTime: new Date().toISOString(),
            containerStatuses: container({ running: { startedAt: new Date().toISOString() } }),
          }),
        end: (exitCode, message = '') =>
          setStatus({
            phase: exitCode === 0 ? 'Succeeded' : 'Failed',
            containerStatuses: container({
              terminated: { exitCode, message, finishedAt: new Date().toISOString(), reason: 'Completed' },
            }),
          }),
        async remove() {
          await must('DELETE', `${core}/pods/${name}?gracePeriodSeconds=0`);
        },
      };
    },
  };
}

/** What a recorder would read: a mounted annotation, or what its environment holds. */
function documentOf(annotations: Readonly<Record<string, string>>, spec: Json): Json {
  const mounted = annotations['tapedeck.dev/spec'];
  if (mounted !== undefined) return JSON.parse(mounted) as Json;
  const [container] = spec.containers as { env: { name: string; value: string }[] }[];
  const packed = container?.env.filter(({ name }) => name.startsWith('TAPEDECK_SPEC_')) ?? [];
  const bytes = Buffer.from(packed.map(({ value }) => value).join(''), 'base64');
  return JSON.parse(gunzipSync(bytes).toString('utf8')) as Json;
}
