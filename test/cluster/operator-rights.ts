import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { root } from '../repo/checkout.ts';

/** The namespace that the operator is in. */
export const operatorNamespace = 'tapedeck-system';
export const operatorAccount = 'tapedeck-operator';
const rbac = 'rbac.authorization.k8s.io';

/** Who the operator is and what it may do: the chart's own rules. */
export async function operatorRights(): Promise<readonly object[]> {
  const rules = async (name: string): Promise<unknown> =>
    parse(await readFile(`${root}/charts/tapedeck/files/rbac/${name}.yaml`, 'utf8'));
  const subjects = [{ kind: 'ServiceAccount', name: operatorAccount, namespace: operatorNamespace }];
  const grant = (kind: 'ClusterRole' | 'Role', name: string, of: unknown) => {
    const metadata = { name, ...(kind === 'Role' ? { namespace: operatorNamespace } : {}) };
    return [
      { apiVersion: `${rbac}/v1`, kind, metadata, rules: of },
      {
        apiVersion: `${rbac}/v1`,
        kind: `${kind}Binding`,
        metadata,
        roleRef: { apiGroup: rbac, kind, name },
        subjects,
      },
    ];
  };
  return [
    {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: {
        name: operatorNamespace,
        labels: { 'pod-security.kubernetes.io/enforce': 'restricted' },
      },
    },
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: operatorAccount, namespace: operatorNamespace },
    },
    ...grant('ClusterRole', 'tapedeck-watched', await rules('watched')),
    ...grant('ClusterRole', 'tapedeck-network', await rules('network')),
    ...grant('ClusterRole', 'tapedeck-cluster', await rules('cluster')),
    ...grant('Role', 'tapedeck', await rules('own')),
  ];
}
