import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * What a machine of Amazon's tells the programs on it: keys for a pod (EKS Pod Identity's agent, which wants the pod's
 * token) and for an instance's role (the metadata service, version 2, which wants a session of its own).
 */
export interface FakeMetadata {
  readonly endpoint: string;
  /** Paths that were asked, with their method. */
  readonly requests: readonly string[];
  close(): Promise<void>;
}

const ROLES = '/latest/meta-data/iam/security-credentials/';
const SESSION = 'a-metadata-session';

export async function startFakeMetadata(
  keys: { accessKeyId: string; secretAccessKey: string },
  podToken: string,
): Promise<FakeMetadata> {
  const requests: string[] = [];
  const credentials = () =>
    JSON.stringify({
      Code: 'Success',
      Type: 'AWS-HMAC',
      AccessKeyId: keys.accessKeyId,
      SecretAccessKey: keys.secretAccessKey,
      // The S3 server of the tests knows its own keys only: it ignores the token of keys that are good for ever.
      Token: '',
      Expiration: new Date(Date.now() + 3_600_000).toISOString(),
    });
  const server = createServer(({ method, url, headers }, answer) => {
    requests.push(`${method} ${url}`);
    const isSession = headers['x-aws-ec2-metadata-token'] === SESSION;
    const answers: Readonly<Record<string, () => string | undefined>> = {
      'GET /pod': () => (headers.authorization === podToken ? credentials() : undefined),
      'PUT /latest/api/token': () => SESSION,
      [`GET ${ROLES}`]: () => (isSession ? 'recorder' : undefined),
      [`GET ${ROLES}recorder`]: () => (isSession ? credentials() : undefined),
    };
    const body = answers[`${method} ${url}`]?.();
    answer.writeHead(body === undefined ? 401 : 200).end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${port}`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
