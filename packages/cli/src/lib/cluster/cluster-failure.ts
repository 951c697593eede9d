import { TapedeckError } from '@tapedeck/core/error';
import type { ApiError } from '@tapedeck/kube-api';

/** The words of an API server that knows no such kind. */
const unknownKind = /could not find the requested resource/;

/** What the API server refused or did not answer, in the command's words; the server's own sentences stay as they are. */
export function clusterFailure(error: ApiError, context: string): TapedeckError {
  const { status, reason, message } = error;
  const say = (code: ConstructorParameters<typeof TapedeckError>[0], text: string) =>
    new TapedeckError(code, text, { cause: error });
  const where = context === '' ? 'the cluster' : `the cluster of context ${context}`;
  if (reason === 'NoCluster') {
    return say('NotFound', `${message}; --kubeconfig and --context say which cluster is meant`);
  }
  if (status === 0) return say('ClusterUnreachable', `${where} does not answer: ${message}`);
  if (status === 401) {
    return say('ClusterDenied', `${where} does not know you (${message}): log in to it again`);
  }
  if (status === 403) return say('ClusterDenied', `${where} does not allow it: ${message}`);
  // Of a group that nobody serves the server says so in plain text, without a reason.
  if (status === 404 && (reason === 'Unknown' || unknownKind.test(message))) {
    return say(
      'NotFound',
      `${where} does not know Tapedeck's kinds: install the chart, then "tapedeck doctor --wait 2m"`,
    );
  }
  if (status === 404) return say('NotFound', message);
  if (status === 400 || status === 422) return say('InvalidManifest', message);
  return say('Unknown', `${where} answered ${status}: ${message}`);
}
