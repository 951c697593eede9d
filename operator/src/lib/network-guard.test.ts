import { ApiError, type KubeApi } from '@tapedeck/kube-api';
import { expect, it } from 'vitest';
import { createNetworkGuard } from './network-guard.ts';

function guard(answers: readonly (ApiError | undefined)[]) {
  const applied: string[] = [];
  const unasked = () => Promise.reject(new Error('not asked for'));
  const api: KubeApi = {
    call: unasked,
    list: unasked,
    watch: unasked,
    apply(path) {
      const answer = answers[applied.push(path) - 1];
      return answer === undefined ? Promise.resolve({}) : Promise.reject(answer);
    },
  };
  const policies = (namespace: string) => [{ metadata: { name: 'tapedeck-recorder', namespace } }];
  return { applied, guard: createNetworkGuard({ api, policies }) };
}

it('writes the policies of a namespace once, however many ask', async () => {
  const one = guard([]);
  await Promise.all([one.guard('a'), one.guard('a'), one.guard('b')]);
  await one.guard('a');
  expect(one.applied).toEqual([
    '/apis/networking.k8s.io/v1/namespaces/a/networkpolicies/tapedeck-recorder',
    '/apis/networking.k8s.io/v1/namespaces/b/networkpolicies/tapedeck-recorder',
  ]);
});

it('lets nothing run where they are refused, says why, and tries again', async () => {
  const one = guard([new ApiError(403, 'Forbidden', 'networkpolicies is forbidden')]);
  await expect(one.guard('a')).rejects.toThrow(
    'NetworkPolicy tapedeck-recorder cannot be put into namespace a: networkpolicies is forbidden',
  );
  await one.guard('a');
  expect(one.applied).toHaveLength(2);
});

it('knows a namespace that is being deleted', async () => {
  const ended = 'unable to create new content in namespace a because it is being terminated';
  await expect(guard([new ApiError(403, 'Forbidden', ended)]).guard('a')).rejects.toMatchObject({
    code: 'Aborted',
  });
});
