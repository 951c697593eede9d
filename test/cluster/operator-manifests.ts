import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import { root } from '../repo/checkout.ts';

/** The namespace that the operator is in. */
export const operatorNamespace = 'tapedeck-system';
export const operatorAccount = 'tapedeck-operator';
const service = 'tapedeck-report';
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
    ...grant('ClusterRole', 'tapedeck-cluster', await rules('cluster')),
    ...grant('Role', 'tapedeck', await rules('own')),
  ];
}

/** Names that the report endpoint's certificate has to have. */
export const reportNames = [
  `DNS:${service}.${operatorNamespace}.svc`,
  `DNS:${service}.${operatorNamespace}.svc.cluster.local`,
];

/** The operator as two pods, with the certificate of that directory. */
export async function operatorDeployment(options: {
  readonly operatorImage: string;
  readonly recorderImage: string;
  readonly tlsDirectory: string;
}): Promise<readonly object[]> {
  const labels = { 'app.kubernetes.io/name': 'tapedeck-operator' };
  const inNamespace = (name: string) => ({ name, namespace: operatorNamespace });
  const file = async (name: string) => await readFile(path.join(options.tlsDirectory, name), 'utf8');
  const config = {
    progressInterval: 1,
    recorder: {
      image: options.recorderImage,
      imagePullPolicy: 'Never',
      resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '1Gi' } },
    },
  };
  const probe = (where: string) => ({ httpGet: { path: where, port: 'health' }, periodSeconds: 2 });
  const fromField = (fieldPath: string) => ({ valueFrom: { fieldRef: { fieldPath } } });
  return [
    {
      apiVersion: 'v1',
      kind: 'Secret',
      type: 'kubernetes.io/tls',
      metadata: inNamespace('tapedeck-report-tls'),
      stringData: {
        'tls.crt': await file('tls.crt'),
        'tls.key': await file('tls.key'),
        'ca.crt': await file('ca.crt'),
      },
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: inNamespace('tapedeck-config'),
      data: { 'config.json': JSON.stringify(config) },
    },
    // Without a selector: the replica that leads names itself as the endpoint.
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: inNamespace(service),
      spec: { ports: [{ name: 'report', port: 8443, targetPort: 8443 }] },
    },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { ...inNamespace('tapedeck-operator'), labels },
      spec: {
        replicas: 2,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            serviceAccountName: operatorAccount,
            terminationGracePeriodSeconds: 30,
            securityContext: {
              runAsNonRoot: true,
              runAsUser: 65_532,
              runAsGroup: 65_532,
              fsGroup: 65_532,
              seccompProfile: { type: 'RuntimeDefault' },
            },
            containers: [
              {
                name: 'operator',
                image: options.operatorImage,
                imagePullPolicy: 'Never',
                args: ['/etc/tapedeck/config/config.json'],
                env: [
                  { name: 'TAPEDECK_NAMESPACE', ...fromField('metadata.namespace') },
                  { name: 'TAPEDECK_POD_NAME', ...fromField('metadata.name') },
                  { name: 'TAPEDECK_POD_IP', ...fromField('status.podIP') },
                ],
                ports: [
                  { name: 'report', containerPort: 8443 },
                  { name: 'health', containerPort: 8080 },
                ],
                readinessProbe: probe('/readyz'),
                livenessProbe: probe('/healthz'),
                resources: { requests: { cpu: '50m', memory: '128Mi' }, limits: { memory: '256Mi' } },
                securityContext: {
                  allowPrivilegeEscalation: false,
                  readOnlyRootFilesystem: true,
                  capabilities: { drop: ['ALL'] },
                },
                volumeMounts: [
                  { name: 'config', mountPath: '/etc/tapedeck/config', readOnly: true },
                  { name: 'tls', mountPath: '/etc/tapedeck/tls', readOnly: true },
                ],
              },
            ],
            volumes: [
              { name: 'config', configMap: { name: 'tapedeck-config' } },
              { name: 'tls', secret: { secretName: 'tapedeck-report-tls', defaultMode: 0o440 } },
            ],
          },
        },
      },
    },
  ];
}
