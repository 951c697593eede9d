import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Duplex } from 'node:stream';
import type { RequestPolicyFactory } from '@azure/storage-blob';

/** A host that does not even take a connection (and TLS on it) in this time is as good as away. */
const CONNECTION_TIMEOUT_MS = 5_000;
/** Parts, the head and what a person looks up meanwhile; more are never open at once. */
const MAX_SOCKETS = 16;

/** Connections of one driver. The SDK would keep one set for the whole process, and wait for a connection for ever. */
export interface AzureConnections {
  readonly policy: RequestPolicyFactory;
  close(): void;
}

/** Undefined where a proxy is named in the environment: to reach that is the SDK's own business. */
export function createConnections(
  endpoint: string,
  env: Readonly<Record<string, string | undefined>> = process.env,
): AzureConnections | undefined {
  if (['HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY'].some((name) => env[name] || env[name.toLowerCase()]))
    return undefined;
  const isTls = endpoint.startsWith('https:');
  const options = { keepAlive: true, maxSockets: MAX_SOCKETS };
  const agent = isTls ? new HttpsAgent(options) : new HttpAgent(options);
  const connect = agent.createConnection.bind(agent);
  agent.createConnection = (...args: Parameters<typeof connect>) => {
    const socket = connect(...args);
    if (socket) limit(socket, isTls ? 'secureConnect' : 'connect');
    return socket;
  };
  return {
    policy: {
      create: (next) => ({
        sendRequest(request) {
          request.agent ??= agent;
          return next.sendRequest(request);
        },
      }),
    },
    close: () => agent.destroy(),
  };
}

function limit(socket: Duplex, connected: 'connect' | 'secureConnect'): void {
  const timer = setTimeout(() => {
    const seconds = CONNECTION_TIMEOUT_MS / 1000;
    socket.destroy(Object.assign(new Error(`no connection within ${seconds} s`), { code: 'ETIMEDOUT' }));
  }, CONNECTION_TIMEOUT_MS);
  for (const event of [connected, 'close']) socket.once(event, () => clearTimeout(timer));
}
