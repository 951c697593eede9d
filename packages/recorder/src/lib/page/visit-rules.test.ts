import { describe, expect, it } from 'vitest';
import { createVisitRules, isPublicAddress } from './visit-rules.ts';

describe('a public address', () => {
  it.each(['1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700:4700::1111', '::ffff:1.1.1.1'])(
    'is %s',
    (address) => {
      expect(isPublicAddress(address)).toBe(true);
    },
  );

  it.each([
    ...['127.0.0.1', '127.8.8.8', '0.0.0.0', '10.1.2.3', '172.16.0.1', '192.168.1.1', '100.64.0.1'],
    ...['169.254.169.254', '168.63.129.16', '100.100.100.200', '192.0.0.192', '224.0.0.1', '255.255.255.255'],
    ...['::1', '::', 'fe80::1', 'fe80::1%eth0', 'fc00::1', 'fd00:ec2::254', 'ff02::1'],
    // IPv4 within IPv6
    ...['::ffff:127.0.0.1', '::ffff:a9fe:a9fe', '64:ff9b::a00:1', '2002:7f00:1::', '2001:0:4136:e378::'],
    ...['localhost', '', '1.1.1', '0x7f.1'],
  ])('is not %s', (address) => {
    expect(isPublicAddress(address)).toBe(false);
  });
});

describe('the list of what pages may visit', () => {
  it.each([
    ['10.1.2.3', '10.1.2.3', 443, true],
    ['10.1.2.3', '10.1.2.4', 443, false],
    ['10.1.0.0/16', '10.1.200.1', 80, true],
    ['10.1.0.0/16, 192.168.0.0/24', '192.168.0.9', 80, true],
    ['127.0.0.1:8080', '127.0.0.1', 8080, true],
    ['127.0.0.1:8080', '127.0.0.1', 8081, false],
    ['127.0.0.1', '::ffff:127.0.0.1', 80, true],
    ['[fd00::1]:8443', 'fd00::1', 8443, true],
    ['fd00::/8', 'fd12::1', 80, true],
    ['meet.internal', '10.0.0.1', 80, false],
  ])('%s and the address %s, port %i: %s', (list, address, port, allowed) => {
    expect(createVisitRules(list).allowsAddress(address, port)).toBe(allowed);
  });

  it.each([
    ['meet.internal', 'meet.internal', 443, true],
    ['meet.internal', 'MEET.internal.', 443, true],
    ['meet.internal', 'evil-meet.internal', 443, false],
    ['*.internal', 'meet.internal', 443, true],
    ['*.internal', 'internal', 443, false],
    ['*.internal', 'meet.notinternal', 443, false],
    ['meet.internal:8443', 'meet.internal', 443, false],
    ['10.0.0.1', 'meet.internal', 443, false],
  ])('%s and the name %s, port %i: %s', (list, host, port, allowed) => {
    expect(createVisitRules(list).allowsHost(host, port)).toBe(allowed);
  });

  it.each(['10.0.0.0/33', 'http://x', '10.0.0.1:99999', 'a b/c', '*', '[::1'])('takes no %s', (list) => {
    expect(() => createVisitRules(list)).toThrow('is no address, range or name');
  });
});
