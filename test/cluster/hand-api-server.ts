import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { makeSelfSigned } from '../servers/self-signed.ts';

/** An API server on loopback whose answers are the test's. */
export interface HandApiServer {
  /** Of somebody without a name, who is asked for none. */
  readonly kubeconfig: string;
  /** Breaks off what is under way. */
  close(): Promise<void>;
}

export async function startHandApiServer(answer: RequestListener): Promise<HandApiServer> {
  const { cert, key } = makeSelfSigned({ names: ['127.0.0.1'] });
  const server = createServer({ cert, key }, answer);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const cluster = {
    server: `https://127.0.0.1:${port}`,
    'certificate-authority-data': Buffer.from(cert).toString('base64'),
  };
  return {
    kubeconfig: JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster }],
      users: [{ name: 'nobody', user: {} }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'nobody' } }],
      'current-context': 'test',
    }),
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
