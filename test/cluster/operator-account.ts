import { setTimeout as sleep } from 'node:timers/promises';
import { callApi } from './api-request.ts';
import type { ApiServer } from './api-server.ts';
import { operatorAccount, operatorNamespace, operatorRights } from './operator-rights.ts';

/** A kubeconfig that may do exactly what the chart allows the operator, and nothing else. */
export async function makeOperatorAccount(server: ApiServer, address = server.url): Promise<string> {
  const applied = await server.kubectl(
    ['apply', '--server-side', '-f', '-'],
    JSON.stringify({ apiVersion: 'v1', kind: 'List', items: await operatorRights() }),
  );
  if (applied.code !== 0) throw new Error(applied.stderr);
  const config = await accountKubeconfig(server, operatorAccount, address);
  await waitForRights(server);
  return config;
}

/** A kubeconfig of a ServiceAccount of the operator's namespace, which is there. */
export async function accountKubeconfig(
  server: ApiServer,
  account: string,
  address = server.url,
): Promise<string> {
  const { body, message } = await callApi(
    server,
    'POST',
    `/api/v1/namespaces/${operatorNamespace}/serviceaccounts/${account}/token`,
    { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 3600 } },
  );
  if (message !== '') throw new Error(message);
  const { token } = body.status as { token: string };
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
    const as = `system:serviceaccount:${operatorNamespace}:${operatorAccount}`;
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
