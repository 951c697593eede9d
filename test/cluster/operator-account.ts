import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { parse } from 'yaml';
import { root } from '../repo/checkout.ts';
import { callApi } from './api-request.ts';
import type { ApiServer } from './api-server.ts';

/** The namespace that the operator is in. */
export const operatorNamespace = 'tapedeck-system';
const account = 'tapedeck-operator';

/** A kubeconfig that may do exactly what the chart allows the operator, and nothing else. */
export async function makeOperatorAccount(server: ApiServer, address = server.url): Promise<string> {
  const rules = async (name: string): Promise<unknown> =>
    parse(await readFile(`${root}/charts/tapedeck/files/rbac/${name}.yaml`, 'utf8'));
  const rbac = 'rbac.authorization.k8s.io';
  const subjects = [{ kind: 'ServiceAccount', name: account, namespace: operatorNamespace }];
  const documents = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: operatorNamespace } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: account, namespace: operatorNamespace } },
    ...(await Promise.all(
      ['watched', 'cluster'].map(async (name) => [
        {
          apiVersion: `${rbac}/v1`,
          kind: 'ClusterRole',
          metadata: { name: `tapedeck-${name}` },
          rules: await rules(name),
        },
        {
          apiVersion: `${rbac}/v1`,
          kind: 'ClusterRoleBinding',
          metadata: { name: `tapedeck-${name}` },
          roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: `tapedeck-${name}` },
          subjects,
        },
      ]),
    ).then((pairs) => pairs.flat())),
    {
      apiVersion: `${rbac}/v1`,
      kind: 'Role',
      metadata: { name: 'tapedeck', namespace: operatorNamespace },
      rules: await rules('own'),
    },
    {
      apiVersion: `${rbac}/v1`,
      kind: 'RoleBinding',
      metadata: { name: 'tapedeck', namespace: operatorNamespace },
      roleRef: { apiGroup: rbac, kind: 'Role', name: 'tapedeck' },
      subjects,
    },
  ];
  const applied = await server.kubectl(
    ['apply', '--server-side', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: documents }),
  );
  if (applied.code !== 0) throw new Error(applied.stderr);
  const { body, message } = await callApi(
    server,
    'POST',
    `/api/v1/namespaces/${operatorNamespace}/serviceaccounts/${account}/token`,
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } },
  );
  if (message !== '') throw new Error(message);
  const { token } = body.status as { token: string };
  await waitForRights(server);
  const ca = Buffer.from(server.ca).toString('base64');
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: address, 'certificate-authority-data': ca } }],
    users: [{ name: account, user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: account } }],
    'current-context': 'test',
  });
}

/** Rights are asked from a copy, which is a moment behind. */
async function waitForRights(server: ApiServer): Promise<void> {
  const can = async (verb: string, resource: string, namespace?: string) => {
    const scope = namespace === undefined ? ['--all-namespaces'] : ['--namespace', namespace];
    const as = `system:serviceaccount:${operatorNamespace}:${account}`;
    return (await server.kubectl(['auth', 'can-i', verb, resource, ...scope, '--as', as])).code === 0;
  };
  for (let tries = 0; tries < 100; tries += 1) {
    const known = [
      await can('watch', 'recordings.tapedeck.dev'),
      await can('get', 'leases.coordination.k8s.io', operatorNamespace),
      await can('create', 'tokenreviews.authentication.k8s.io'),
    ];
    if (known.every(Boolean)) return;
    await sleep(100);
  }
  throw new Error('the operator has not got its rights within 10 s');
}
