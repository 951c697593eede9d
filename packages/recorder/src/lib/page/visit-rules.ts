import { BlockList, isIP } from 'node:net';
import { TapedeckError } from '@tapedeck/core';

/** Whose addresses a page may reach. */
export interface VisitRules {
  /** Is everything at that name and port allowed, whatever its address? */
  allowsHost(host: string, port: number): boolean;
  /** May this address be connected to? */
  allowsAddress(address: string, port: number): boolean;
}

/**
 * Not of the public internet: this machine, private networks, link-local ones with the clouds' metadata, shared,
 * documentation, multicast (https://www.iana.org/assignments/iana-ipv4-special-registry), and Azure's 168.63.129.16.
 */
const specialIpv4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12'],
  ...['192.0.0.0/24', '192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24'],
  ...['203.0.113.0/24', '224.0.0.0/4', '240.0.0.0/4', '168.63.129.16/32'],
];

/** Of IPv6 only global unicast is public, less what carries IPv4 within (Teredo, 6to4) and documentation. */
const globalIpv6 = '2000::/3';
const specialIpv6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const special = listOf([...specialIpv4, ...specialIpv6]);
const global = listOf([globalIpv6]);

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [address = '', bits] = range.split('/');
    list.addSubnet(address, Number(bits), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}

/** Is it an address of the public internet? */
export function isPublicAddress(address: string): boolean {
  const plain = unmapped(address);
  if (isIP(plain) === 4) return !special.check(plain, 'ipv4');
  return isIP(plain) === 6 && global.check(plain, 'ipv6') && !special.check(plain, 'ipv6');
}

/** `::ffff:10.0.0.1` is 10.0.0.1, however it is written. */
function unmapped(address: string): string {
  if (isIP(address) !== 6) return address;
  const canonical = URL.parse(`http://[${address.split('%')[0]}]/`)?.hostname.slice(1, -1) ?? address;
  const mapped = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(canonical);
  if (mapped === null) return canonical;
  const [high, low] = [Number.parseInt(mapped[1] ?? '', 16), Number.parseInt(mapped[2] ?? '', 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}

type Entry =
  | { readonly kind: 'Range'; readonly list: BlockList; readonly port: number | undefined }
  | { readonly kind: 'Host'; readonly name: string; readonly port: number | undefined };

/**
 * Public addresses, and what the list opens besides: addresses (`10.1.2.3`, `[fd00::1]`), ranges (`10.1.0.0/16`), names
 * (`meet.internal`) and what is below one (`*.meet.internal`), each with a port or for all, separated by commas. Throws
 * `InvalidManifest` for what is none of these.
 */
export function createVisitRules(allowed: string): VisitRules {
  const entries = allowed
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .map(parseEntry);
  return {
    allowsHost: (host, port) =>
      entries.some((entry) => entry.kind === 'Host' && fits(entry.port, port) && isNamed(host, entry.name)),
    allowsAddress: (address, port) =>
      isPublicAddress(address) ||
      entries.some(
        (entry) =>
          entry.kind === 'Range' && fits(entry.port, port) && contains(entry.list, unmapped(address)),
      ),
  };
}

function parseEntry(text: string): Entry {
  const [, bracketed, plain, portText] =
    /^(?:\[([^\]]+)\]|([^:[\]]+|[0-9a-f:]*:[0-9a-f:]*(?:\/\d+)?))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const host = bracketed ?? plain;
  const port = portText === undefined ? undefined : Number(portText);
  if (host !== undefined && (port ?? 1) <= 65_535) {
    const [address = '', bits] = host.split('/');
    const most = isIP(address) === 6 ? 128 : 32;
    if (isIP(address) !== 0 && Number(bits ?? most) <= most && /^\d*$/.test(bits ?? ''))
      return { kind: 'Range', list: listOf([`${address}/${bits ?? most}`]), port };
    if (/^(\*\.)?[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/i.test(host))
      return { kind: 'Host', name: host.toLowerCase(), port };
  }
  throw new TapedeckError(
    'InvalidManifest',
    `"${text.slice(0, 64)}" in the list of what pages may visit is no address, range or name; write 10.1.2.3, 10.1.0.0/16, meet.internal or *.internal, with :port or without`,
  );
}

const fits = (asked: number | undefined, port: number): boolean => asked === undefined || asked === port;

function contains(list: BlockList, address: string): boolean {
  const family = isIP(address);
  return family !== 0 && list.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

function isNamed(host: string, name: string): boolean {
  const plain = host.toLowerCase().replace(/\.$/, '');
  return name.startsWith('*.') ? plain.endsWith(name.slice(1)) : plain === name;
}
