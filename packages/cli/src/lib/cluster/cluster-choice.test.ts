import { expect, it } from 'vitest';
import { chooseCluster } from './cluster-choice.ts';

it.each([
  [{}, {}, undefined],
  [{}, { TAPEDECK_CONTEXT: '' }, undefined],
  [{}, { TAPEDECK_CONTEXT: 'a' }, { context: 'a', file: undefined }],
  [{ context: 'b' }, { TAPEDECK_CONTEXT: 'a' }, { context: 'b', file: undefined }],
  [{ kubeconfig: 'f' }, {}, { context: undefined, file: 'f' }],
  [{ kubeconfig: 'f', context: 'b' }, {}, { context: 'b', file: 'f' }],
  // It says nothing of local mode where a cluster is left: KUBECONFIG alone asks for none.
  [{}, { KUBECONFIG: 'f' }, undefined],
])('%j with %j', (options, env, expected) => {
  expect(chooseCluster(options, env)).toEqual(expected);
});
