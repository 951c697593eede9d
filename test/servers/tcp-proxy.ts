import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** What goes wrong with a connection, once so many bytes of the client's went through. */
export type TcpFault =
  /** Reset on both sides. */
  | { readonly type: 'Reset'; readonly afterBytes: number }
  /** Nothing goes through any more in either direction, and nobody is told: a cable that is pulled. */
  | { readonly type: 'HalfOpen'; readonly afterBytes: number }
  /** As above, but after a while all that was held back goes through. */
  | { readonly type: 'Stall'; readonly afterBytes: number; readonly ms: number };

export interface TcpProxy {
  readonly port: number;
  /** How many connections there were. */
  readonly connections: number;
  /** How many of them had their fault. */
  readonly faults: number;
  /** For the next so many connections, and those that are open; default: one. */
  inject(fault: TcpFault, times?: number): void;
  clear(): void;
  /** Connections are refused, and those that are open are reset. */
  goAway(): Promise<void>;
  comeBack(): Promise<void>;
  close(): Promise<void>;
}

/** A proxy in front of any server of bytes: on loopback and a port that the system picks, unless `at` is given. */
export async function startTcpProxy(
  target: { host: string; port: number },
  at = { host: '127.0.0.1', port: 0 },
): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let faults = 0;
  let pending: { fault: TcpFault; left: number } | undefined;

  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.setNoDelay(true);
  };
  const server = createServer((client) => {
    connections++;
    const upstream = connect(target.port, target.host);
    for (const socket of [client, upstream]) keep(socket);
    let seen = 0;
    let isHeld = false;
    const held: (() => void)[] = [];
    const pass = (write: () => void) => (isHeld ? held.push(write) : write());
    const strike = (fault: TcpFault) => {
      faults++;
      if (fault.type === 'Reset') {
        for (const socket of [client, upstream]) socket.resetAndDestroy();
        return;
      }
      isHeld = true;
      if (fault.type === 'HalfOpen') {
        // The sender's own buffers fill up, as they would.
        for (const socket of [client, upstream]) socket.pause();
        return;
      }
      setTimeout(() => {
        isHeld = false;
        for (const write of held.splice(0)) write();
      }, fault.ms).unref();
    };
    client.on('data', (chunk: Buffer) => {
      seen += chunk.length;
      if (pending !== undefined && seen >= pending.fault.afterBytes && !isHeld) {
        const { fault } = pending;
        if (--pending.left === 0) pending = undefined;
        strike(fault);
        if (fault.type === 'Reset') return;
      }
      pass(() => {
        if (!upstream.write(chunk)) {
          client.pause();
          upstream.once('drain', () => client.resume());
        }
      });
    });
    upstream.on('data', (chunk: Buffer) => pass(() => client.write(chunk)));
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => {
      if (!isHeld) client.destroy();
    });
  });
  const listen = (port: number) =>
    new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, at.host, () => resolve());
    });
  const goAway = async () => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of sockets) socket.resetAndDestroy();
    await closed;
  };

  await listen(at.port);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    get connections() {
      return connections;
    },
    get faults() {
      return faults;
    },
    inject(fault, times = 1) {
      pending = { fault, left: times };
    },
    clear() {
      pending = undefined;
    },
    goAway,
    comeBack: () => listen(port),
    close: goAway,
  };
}
