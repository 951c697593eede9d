import type { LookupAddress } from 'node:dns';
import { connect, isIP, type Socket } from 'node:net';

/** Where a page may be connected to: a name, and those of its addresses that it may visit. */
export interface Judged {
  readonly host: string;
  readonly port: number;
  readonly addresses: readonly string[];
}

/** Until one of the addresses has taken the connection. */
const usualConnectMs = 15_000;

/** Before the next address is tried in place of one that says nothing: more than any way around the world takes. */
const nextAddressMs = 2_000;

/**
 * Tries the addresses one after the other, and no other, whatever the name says by now. Fails by `error`; once connected
 * it may be silent for as long as it likes. Each side may end before the other does.
 */
export function connectJudged({ host, port, addresses }: Judged, connectMs = usualConnectMs): Socket {
  const found: LookupAddress[] = addresses.map((address) => ({ address, family: isIP(address) }));
  const socket = connect({
    ...{ host, port, allowHalfOpen: true, autoSelectFamily: true },
    autoSelectFamilyAttemptTimeout: nextAddressMs,
    lookup: (_name, _options, answer) => answer(null, found),
  });
  const timer = setTimeout(
    () => socket.destroy(new Error(`${host} has not taken the connection within ${connectMs / 1000} s`)),
    connectMs,
  );
  const over = () => clearTimeout(timer);
  socket.once('connect', over).once('close', over);
  // Whoever uses it hears of it too; an error that comes after that must not end the recorder.
  socket.on('error', () => socket.destroy());
  return socket;
}
