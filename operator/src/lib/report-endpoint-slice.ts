import { isIPv6 } from 'node:net';
import type { KubeApi } from '@tapedeck/kube-api';

/**
 * Makes this replica the one endpoint of the report Service. Runs report to whoever leads, and a Service without a
 * selector lets the leader say who that is, in one write; no pod has to be labelled for it.
 */
export async function announceLeader(options: {
  readonly api: KubeApi;
  readonly namespace: string;
  readonly service: string;
  readonly pod: string;
  readonly address: string;
  readonly port: number;
}): Promise<void> {
  const { api, namespace, service, pod, address, port } = options;
  const name = `${service}-leader`;
  await api.apply(
    `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices/${name}`,
    'tapedeck-leader',
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name,
        namespace,
        labels: {
          'kubernetes.io/service-name': service,
          'endpointslice.kubernetes.io/managed-by': 'tapedeck.dev',
        },
      },
      addressType: isIPv6(address) ? 'IPv6' : 'IPv4',
      endpoints: [
        {
          addresses: [address],
          conditions: { ready: true, serving: true, terminating: false },
          targetRef: { kind: 'Pod', name: pod, namespace },
        },
      ],
      ports: [{ name: 'report', port, protocol: 'TCP' }],
    },
  );
}
