import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

/** For kubelet and Prometheus: `/healthz`, `/readyz` (each undefined when well, or what is wrong) and `/metrics`. */
export async function startHealthServer(options: {
  readonly port: number;
  readonly host?: string;
  readonly alive: () => string | undefined;
  readonly ready: () => string | undefined;
  readonly metrics: () => string;
}): Promise<HealthServer> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0];
    if (path === '/metrics') {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(options.metrics());
      return;
    }
    if (path !== '/healthz' && path !== '/readyz') {
      response.writeHead(404).end();
      return;
    }
    const problem = path === '/healthz' ? options.alive() : options.ready();
    response.writeHead(problem === undefined ? 200 : 503, { 'content-type': 'text/plain' });
    response.end(`${problem ?? 'ok'}\n`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
