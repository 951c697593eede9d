import { ApiError } from '@tapedeck/kube-api';
import { expect, it } from 'vitest';
import { cliExitOf } from '../cli-exit.ts';
import { clusterFailure } from './cluster-failure.ts';

it.each([
  [0, 'NoCluster', 'the kubeconfig has no context x; known: a', 3, /known: a; --kubeconfig and --context/],
  [0, 'Unreachable', 'GET /version: connect ECONNREFUSED', 1, /context prod does not answer: .*ECONNREFUSED/],
  [401, 'Unauthorized', 'Unauthorized', 4, /does not know you \(Unauthorized\): log in/],
  [
    403,
    'Forbidden',
    'recordings is forbidden: User "a" cannot',
    4,
    /does not allow it: recordings is forbidden/,
  ],
  [404, 'NotFound', 'the server could not find the requested resource', 3, /install the chart/],
  [404, 'Unknown', 'the API server answered 404', 3, /install the chart/],
  [404, 'NotFound', 'recordings.tapedeck.dev "a" not found', 3, /^recordings.tapedeck.dev "a" not found$/],
  [422, 'Invalid', 'Recording "a" is invalid: spec: no', 2, /^Recording "a" is invalid: spec: no$/],
  [500, 'InternalError', 'boom', 1, /context prod answered 500: boom/],
] as const)('%i %s ends with %i', (status, reason, message, code, said) => {
  const failure = clusterFailure(new ApiError(status, reason, message), 'prod');
  expect(failure.message).toMatch(said);
  expect(cliExitOf(failure)).toBe(code);
});
