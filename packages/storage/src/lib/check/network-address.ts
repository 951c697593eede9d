/** Where a driver's requests go, as the network sees it. */
export interface NetworkAddress {
  readonly host: string;
  readonly port: number;
  /** Whether the first thing that is said there is a TLS handshake. */
  readonly tls: boolean;
  /** Whether HTTP is spoken, with or without TLS. */
  readonly http: boolean;
}

const protocols: Readonly<Record<string, Omit<NetworkAddress, 'host'>>> = {
  'http:': { port: 80, tls: false, http: true },
  'https:': { port: 443, tls: true, http: true },
  'sftp:': { port: 22, tls: false, http: false },
};

/** The address in a driver's `endpoint`; undefined where there is none, or none that is known how to reach (a directory). */
export function networkAddress(endpoint: string | undefined): NetworkAddress | undefined {
  // Behind the address there may be something for people.
  const address = endpoint?.split(' ', 1)[0];
  if (address === undefined || !URL.canParse(address)) return undefined;
  const { protocol, hostname, port } = new URL(address);
  const known = protocols[protocol];
  if (known === undefined || hostname === '') return undefined;
  // An IPv6 address stands in brackets in a URL, and without them everywhere else.
  const host = hostname.replace(/^\[|\]$/g, '');
  return { ...known, host, port: port === '' ? known.port : Number(port) };
}

/** `host:port`, for people. */
export function describeAddress({ host, port }: NetworkAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
