import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** Passes bytes on to a port of this machine until told otherwise: a network between two programs. */
export interface CuttingProxy {
  readonly port: number;
  /** Resets every connection there is; new ones are taken. */
  cut(): void;
  /** Takes connections and bytes and passes nothing on, until told otherwise. */
  silence(on: boolean): void;
  close(): Promise<void>;
}

export async function startCuttingProxy(target: number): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let silent = false;
  const server = createServer((near) => {
    sockets.add(near);
    near.on('error', () => undefined).on('close', () => sockets.delete(near));
    if (silent) return;
    const far = connect(target, '127.0.0.1');
    sockets.add(far);
    far.on('error', () => near.destroy()).on('close', () => sockets.delete(far));
    near.on('data', (chunk) => silent || far.write(chunk)).on('close', () => far.destroy());
    far.on('data', (chunk) => silent || near.write(chunk)).on('close', () => near.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    silence(on) {
      silent = on;
    },
    async close() {
      cut();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
