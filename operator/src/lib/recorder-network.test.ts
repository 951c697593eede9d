import { BlockList, isIPv6 } from 'node:net';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { identityLabel, type RecorderNetworkSettings, recorderNetwork } from './recorder-network.ts';

const settings: RecorderNetworkSettings = {
  blocked: ['169.254.0.0/16', 'fe80::/10', 'fd00:ec2::/32'],
  identity: true,
  extraEgress: [],
};
const network = (more: Partial<RecorderNetworkSettings> = {}) =>
  recorderNetwork({
    namespace: 'lectures',
    operatorNamespace: 'tapedeck-system',
    reportPort: 8443,
    settings: { ...settings, ...more },
  });

/** What a policy says of where to, as far as it is looked at here. */
const ruled = z.object({
  egress: z.array(
    z.object({
      to: z
        .array(
          z.object({
            ipBlock: z.object({ cidr: z.string(), except: z.array(z.string()).optional() }).optional(),
          }),
        )
        .optional(),
      ports: z.array(z.object({ port: z.number() })).optional(),
    }),
  ),
});

const within = (address: string, cidr: string): boolean => {
  const [net = '', prefix] = cidr.split('/');
  if (isIPv6(address) !== isIPv6(net)) return false;
  const family = isIPv6(net) ? 'ipv6' : 'ipv4';
  const list = new BlockList();
  list.addSubnet(net, Number(prefix), family);
  return list.check(address, family);
};

/** May a pod with these labels open a connection to a host that is no pod? As the API's documentation has it. */
function reaches(
  policies: ReturnType<typeof network>,
  labels: Readonly<Record<string, string>>,
  address: string,
  port: number,
): boolean {
  const mine = policies.filter(({ spec }) =>
    Object.entries(spec.podSelector.matchLabels).every(([key, value]) => labels[key] === value),
  );
  const rules = mine.flatMap(({ spec }) => ruled.parse(spec).egress);
  return rules.some(({ to, ports }) => {
    const there = to === undefined || to.some(({ ipBlock }) => inBlock(address, ipBlock));
    return there && (ports === undefined || ports.some((one) => one.port === port));
  });
}

function inBlock(
  address: string,
  block: { cidr: string; except?: string[] | undefined } | undefined,
): boolean {
  if (block === undefined || !within(address, block.cidr)) return false;
  return !(block.except ?? []).some((cidr) => within(address, cidr));
}

const recorder = {
  'app.kubernetes.io/name': 'tapedeck-recorder',
  'app.kubernetes.io/managed-by': 'tapedeck',
};

describe('what a recorder reaches', () => {
  it.each([
    ['a bucket', '52.218.0.1', 443, true],
    ['a bucket by IPv6', '2600:1f00::1', 443, true],
    ['a camera of the same house', '192.168.1.20', 554, true],
    ['a resolver of its node', '169.254.20.10', 53, true],
    ['a resolver of OpenShift', '169.254.20.10', 5353, true],
    ['the metadata of its node', '169.254.169.254', 80, false],
    ['the metadata of its node by IPv6', 'fd00:ec2::254', 80, false],
    ['the agent of EKS Pod Identity', '169.254.170.23', 80, false],
    ['its node by a link-local address', 'fe80::1', 22, false],
  ])('%s: %s port %i', (_, address, port, allowed) => {
    expect(reaches(network(), recorder, address, port)).toBe(allowed);
  });

  it.each([
    ['the metadata of its node', '169.254.169.254', 80, true],
    ['the agent of EKS Pod Identity', '169.254.170.23', 80, true],
    ['the agent by IPv6', 'fd00:ec2::23', 80, true],
    ['another port of the metadata address', '169.254.169.254', 8080, false],
    ['another link-local address', '169.254.1.1', 80, false],
  ])('without a Secret also %s: %s port %i', (_, address, port, allowed) => {
    expect(reaches(network(), { ...recorder, ...identityLabel }, address, port)).toBe(allowed);
    expect(reaches(network({ identity: false }), { ...recorder, ...identityLabel }, address, port)).toBe(
      false,
    );
  });

  it('closes again what an earlier setting opened: the policy stays, and opens nothing', () => {
    const names = (identity: boolean) => network({ identity }).map(({ metadata }) => metadata.name);
    expect(names(false)).toEqual(names(true));
  });

  it('is what is closed, and what is opened besides', () => {
    const closed = { blocked: [...settings.blocked, '10.0.0.0/8'] };
    expect(reaches(network(closed), recorder, '10.1.2.3', 9000)).toBe(false);
    const extraEgress = [
      { to: [{ ipBlock: { cidr: '10.1.2.3/32' } }], ports: [{ protocol: 'TCP', port: 9000 }] },
    ];
    expect(reaches(network({ ...closed, extraEgress }), recorder, '10.1.2.3', 9000)).toBe(true);
    expect(reaches(network({ ...closed, extraEgress }), recorder, '10.1.2.3', 9001)).toBe(false);
  });

  it('and nobody reaches it', () => {
    const [all] = network();
    expect(all?.spec).toMatchObject({ policyTypes: ['Ingress', 'Egress'] });
    expect(all?.spec).not.toHaveProperty('ingress');
  });
});
