import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import type { SelfSigned } from './self-signed.ts';

/** Speaks TLS on loopback and hands on what it hears, byte by byte, to a server that speaks none. */
export interface TlsFront {
  readonly port: number;
  close(): Promise<void>;
}

export async function startTlsFront(targetPort: number, certificate: SelfSigned): Promise<TlsFront> {
  const sockets = new Set<TLSSocket>();
  const server = createServer(certificate, (outside) => {
    sockets.add(outside);
    const inside = connect({ host: '127.0.0.1', port: targetPort });
    outside.on('close', () => {
      sockets.delete(outside);
      inside.destroy();
    });
    outside.on('error', () => inside.destroy());
    inside.on('error', () => outside.destroy());
    outside.pipe(inside).pipe(outside);
  });
  // Whoever breaks off the handshake is what the test is about.
  server.on('tlsClientError', (_, socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}
