import { exitCodes } from '@tapedeck/core';
import { reportAudience } from '@tapedeck/operator';
import { beforeAll, describe, expect, it } from 'vitest';
import { callApi } from './api-request.ts';
import { findKubernetes } from './kubernetes.ts';
import { operatorAccount, operatorNamespace } from './operator-rights.ts';
import { group, useOperatorStage } from './operator-stage.ts';

const there = (await findKubernetes()) !== undefined;

describe.skipIf(!there)('what the operator may do, on a real API server', () => {
  const stage = useOperatorStage();
  beforeAll(async () => await stage.readyStorage('team'), 100_000);

  /** What the API server says of an account's right in the namespace of the recordings. */
  async function may(namespace: string, account: string, verb: string, resource: string): Promise<boolean> {
    const [plural, ...more] = resource.split('.');
    const { body } = await callApi(
      stage.server,
      'POST',
      '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: {
          user: `system:serviceaccount:${namespace}:${account}`,
          groups: ['system:serviceaccounts', `system:serviceaccounts:${namespace}`, 'system:authenticated'],
          resourceAttributes: { namespace: 'default', verb, resource: plural, group: more.join('.') },
        },
      },
    );
    return (body.status as { allowed: boolean }).allowed;
  }

  it('has put its policies where recorders run, and may touch no other', async () => {
    const all = ['-n', 'default', 'get', 'networkpolicies', '-o', 'name'];
    expect((await stage.server.kubectl(all)).stdout.trim().split('\n').sort()).toEqual([
      'networkpolicy.networking.k8s.io/tapedeck-recorder',
      'networkpolicy.networking.k8s.io/tapedeck-recorder-identity',
    ]);
    const as = `system:serviceaccount:${operatorNamespace}:tapedeck-operator`;
    const can = async (...args: string[]) =>
      (await stage.server.kubectl(['-n', 'default', 'auth', 'can-i', ...args, '--as', as])).code === 0;
    expect(await can('patch', 'networkpolicies/tapedeck-recorder')).toBe(true);
    expect(await can('patch', 'networkpolicies/somebody-elses')).toBe(false);
    expect(await can('create', 'networkpolicies')).toBe(false);
    expect(await can('delete', 'networkpolicies/tapedeck-recorder')).toBe(false);
  });

  it('may read no Secret and do nothing that it does not do', async () => {
    const can = (verb: string, resource: string) => may(operatorNamespace, operatorAccount, verb, resource);
    for (const verb of ['get', 'list', 'watch', 'create', 'patch', 'update', 'delete']) {
      expect(await can(verb, 'secrets'), verb).toBe(false);
      expect(await can(verb, 'configmaps'), verb).toBe(false);
      expect(await can(verb, 'serviceaccounts'), verb).toBe(false);
    }
    for (const verb of ['create', 'delete', 'patch']) expect(await can(verb, 'pods'), verb).toBe(false);
    expect(await can('create', 'recordings.tapedeck.dev')).toBe(false);
    expect(await can('create', 'jobs.batch')).toBe(true);
    expect(stage.lines.filter((line) => line.includes('orbidden'))).toEqual([]);
  });

  it('leaves a recorder no right in the cluster but that of its report', async () => {
    await stage.applyRecording('powerless');
    const pod = await stage.startRun('powerless');
    for (const verb of ['get', 'list', 'create', 'patch', 'delete']) {
      for (const resource of ['secrets', 'configmaps', 'pods', 'jobs.batch', 'recordings.tapedeck.dev']) {
        expect(await may('default', 'default', verb, resource), `${verb} ${resource}`).toBe(false);
      }
    }
    // The one token that is in its pod is not one that the API server takes.
    const asRecorder = { url: stage.server.url, ca: stage.server.ca, token: await pod.token(reportAudience) };
    for (const path of [`${group}/recordings/powerless`, '/api', '/apis']) {
      expect((await callApi(asRecorder, 'GET', path)).status, path).toBe(401);
    }
    await pod.end(exitCodes.Invalid);
  }, 80_000);
});
