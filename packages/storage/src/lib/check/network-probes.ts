import { lookup } from 'node:dns/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { TapedeckError } from '@tapedeck/core';
import { describeAddress, type NetworkAddress } from './network-address.ts';
import { certificateError, handshakeError, networkError, silence } from './network-errors.ts';

/** A host that does not even take a connection in this time is as good as away. */
const NETWORK_TIMEOUT_MS = 5_000;

/**
 * The way to a service, step by step, below any driver: node's resolver, TCP and TLS, as the drivers' own requests use
 * them. They go there directly. Where a driver's requests go through a proxy they would look at another way, and are left
 * out (`viaProxy`); the driver's calls then tell what the proxy says.
 */
export interface NetworkProbes {
  resolve(signal: AbortSignal): Promise<void>;
  connect(signal: AbortSignal): Promise<void>;
  /** Handshake and certificate. */
  tls(signal: AbortSignal): Promise<void>;
  /** Whether a server that was asked without TLS would speak it. Never rejects. */
  speaksTls(signal: AbortSignal): Promise<boolean>;
}

export function createNetworkProbes(
  address: NetworkAddress,
  timeoutMs: number = NETWORK_TIMEOUT_MS,
): NetworkProbes {
  const where = describeAddress(address);
  const limitMs = Math.min(timeoutMs, NETWORK_TIMEOUT_MS);
  const seconds = limitMs / 1000;

  return {
    async resolve(signal) {
      const what = `Looking up ${address.host}`;
      const { promise: late, reject } = Promise.withResolvers<never>();
      // The system's resolver cannot be called off; whoever asked for it is not kept waiting.
      const timer = setTimeout(() => {
        reject(silence(what, seconds, 'check the DNS and the network of this machine'));
      }, limitMs);
      const stop = () => reject(new TapedeckError('Aborted', `${what} was aborted.`));
      signal.addEventListener('abort', stop, { once: true });
      try {
        await Promise.race([lookup(address.host, { all: true }), late]);
      } catch (error) {
        throw error instanceof TapedeckError ? error : networkError(what, error);
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
      }
    },

    async connect(signal) {
      const what = `Connecting to ${where}`;
      const socket = connectTcp({ host: address.host, port: address.port });
      await opened(socket, 'connect', signal, limitMs).catch((error: unknown) => {
        if (error instanceof TapedeckError) throw error;
        throw error === undefined ? silence(what, seconds) : networkError(what, error);
      });
    },

    async tls(signal) {
      await shakeHands(address, signal, limitMs, (socket) => {
        if (socket.authorized) return;
        // The type says Error; what is there is its code.
        const reason: unknown = socket.authorizationError;
        const { valid_from, valid_to, subjectaltname } = socket.getPeerCertificate();
        throw certificateError(address, String(reason instanceof Error ? reason.message : reason), {
          validFrom: valid_from,
          validTo: valid_to,
          names: subjectaltname,
        });
      });
    },

    async speaksTls(signal) {
      try {
        await shakeHands(address, signal, limitMs, () => undefined);
        return true;
      } catch {
        // Whatever went wrong: no session, so no TLS to be had there.
        return false;
      }
    },
  };
}

/** The certificate is judged by `look`: node would only say that it is refused. Nothing is ever sent over this connection. */
async function shakeHands(
  address: NetworkAddress,
  signal: AbortSignal,
  limitMs: number,
  look: (socket: TLSSocket) => void,
): Promise<void> {
  const { host, port } = address;
  const socket = connectTls({
    host,
    port,
    // An address is no server name (RFC 6066, 3).
    ...(isIP(host) === 0 && { servername: host }),
    rejectUnauthorized: false,
  });
  await opened(socket, 'secureConnect', signal, limitMs, () => look(socket)).catch((error: unknown) => {
    if (error instanceof TapedeckError) throw error;
    const what = `The TLS handshake with ${describeAddress(address)}`;
    const hint = 'check whether the port is the one for TLS, and what stands in between';
    throw error === undefined ? silence(what, limitMs / 1000, hint) : handshakeError(address, error);
  });
}

/** Waits for the socket's event, looks at it, and destroys it. Rejects with undefined when nothing came in time. */
async function opened(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  signal: AbortSignal,
  limitMs: number,
  look: () => void = () => undefined,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const timer = setTimeout(() => reject(undefined), limitMs);
  const stop = () => reject(new TapedeckError('Aborted', 'The connection was given up.'));
  signal.addEventListener('abort', stop, { once: true });
  socket.on('error', reject);
  socket.once('close', () => reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' })));
  socket.once(event, resolve);
  try {
    await promise;
    look();
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    socket.destroy();
  }
}
