import { runLabels } from './run-labels.ts';

/** What the pods of recorders may reach. */
export interface RecorderNetworkSettings {
  /** Address ranges that are closed to them. */
  readonly blocked: readonly string[];
  /** May a recorder whose storage names no Secret ask its node or its cloud who it is? */
  readonly identity: boolean;
  /** Further rules, as a NetworkPolicy has them under `egress`. */
  readonly extraEgress: readonly Readonly<Record<string, unknown>>[];
}

/**
 * Where clouds tell a pod who it is, the only link-local addresses that a recorder may want: instance metadata (AWS, Azure,
 * Google), what GKE's metadata server becomes on its node, and the agent of EKS Pod Identity.
 */
const identityAddresses = [
  { cidr: '169.254.169.254/32', ports: [80] },
  { cidr: '169.254.169.252/32', ports: [987, 988] },
  { cidr: '169.254.170.23/32', ports: [80] },
  { cidr: 'fd00:ec2::254/128', ports: [80] },
  { cidr: 'fd00:ec2::23/128', ports: [80] },
] as const;

/** 5353 is where OpenShift's resolver listens behind port 53 of its Service; policies look at the pod's own port. */
const resolverPorts = [53, 5353] as const;

/** Names of the policies, which the operator's rights name too: charts/tapedeck/files/rbac/network.yaml. */
export const recorderPolicies = { all: 'tapedeck-recorder', identity: 'tapedeck-recorder-identity' } as const;

/** Label of a pod that asks its surroundings who it is, since no Secret tells. */
export const identityLabel = { 'tapedeck.dev/identity': 'pod' } as const;

/**
 * The NetworkPolicies of a namespace in which recorders run: nobody reaches them; they reach names, the operator's report
 * port and every address that is not closed. Rules of several policies add up, so the second one only opens.
 */
export function recorderNetwork(options: {
  readonly namespace: string;
  readonly operatorNamespace: string;
  readonly reportPort: number;
  readonly settings: RecorderNetworkSettings;
}) {
  const { namespace, operatorNamespace, reportPort, settings } = options;
  const recorder = { [runLabels.name]: 'tapedeck-recorder', [runLabels.managedBy]: 'tapedeck' };
  const except = (v6: boolean) => settings.blocked.filter((cidr) => cidr.includes(':') === v6);
  const tcp = (port: number) => ({ protocol: 'TCP', port });
  const policy = (name: string, matchLabels: Readonly<Record<string, string>>, rules: object) => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace, labels: { [runLabels.managedBy]: 'tapedeck' } },
    spec: { podSelector: { matchLabels }, ...rules },
  });
  const all = policy(recorderPolicies.all, recorder, {
    policyTypes: ['Ingress', 'Egress'],
    egress: [
      // To any address: a cluster's resolver may be a pod, a node or link-local.
      { ports: resolverPorts.flatMap((port) => [{ protocol: 'UDP', port }, tcp(port)]) },
      {
        to: [
          {
            namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': operatorNamespace } },
            podSelector: { matchLabels: { [runLabels.name]: 'tapedeck-operator' } },
          },
        ],
        ports: [tcp(reportPort)],
      },
      {
        to: [
          { ipBlock: { cidr: '0.0.0.0/0', except: except(false) } },
          { ipBlock: { cidr: '::/0', except: except(true) } },
        ],
      },
      ...settings.extraEgress,
    ],
  });
  const identity = policy(
    recorderPolicies.identity,
    { ...recorder, ...identityLabel },
    {
      policyTypes: ['Egress'],
      // Closed, and not left out: what an earlier setting opened would stay open.
      egress: settings.identity
        ? identityAddresses.map(({ cidr, ports }) => ({ to: [{ ipBlock: { cidr } }], ports: ports.map(tcp) }))
        : [],
    },
  );
  return [all, identity];
}
