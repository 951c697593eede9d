import { apiVersion } from '@tapedeck/core';
import { TapedeckError } from '@tapedeck/core/error';
import { plurals } from '@tapedeck/kube-api';
import { z } from 'zod';
import type { Finding } from '../output/finding.ts';
import type { Cluster } from './cluster.ts';
import { readAnswer } from './cluster-answer.ts';
import type { ClusterCalls } from './cluster-calls.ts';

/** What the chart asks for (its `kubeVersion`). */
const oldestMinor = 31;
const group = apiVersion.slice(0, apiVersion.indexOf('/'));

/** Before the chart is installed: is the cluster young enough, may the caller install, is an earlier one there? */
export async function lookBefore({ calls, context }: Cluster): Promise<readonly Finding[]> {
  return [
    await look('cluster', () => version(calls, context)),
    ...(await Promise.all(
      installed.map(([what, attributes]) =>
        look(what, async () => {
          const may = await isAllowed(calls, { verb: 'create', ...attributes });
          return [may, may ? 'may be made' : 'may not be made by you: somebody who may has to install'];
        }),
      ),
    )),
    await look('earlier', async () => {
      const found = await kinds(calls);
      return found === undefined
        ? [true, "Tapedeck's kinds are not there yet"]
        : [undefined, `Tapedeck's kinds are there (${found.length}): an installation makes them its own`];
    }),
  ];
}

/** What the chart makes that takes more than the rights of a namespace. */
const installed = [
  ['kinds', { group: 'apiextensions.k8s.io', resource: 'customresourcedefinitions' }],
  ['roles', { group: 'rbac.authorization.k8s.io', resource: 'clusterroles' }],
  ['bindings', { group: 'rbac.authorization.k8s.io', resource: 'clusterrolebindings' }],
] as const;

/** Once it is installed: are the kinds there, is the operator, may the caller record, and where to? */
export async function lookInside(cluster: Cluster, namespace: string): Promise<readonly Finding[]> {
  const { calls, context } = cluster;
  const first = await look('cluster', () => version(calls, context));
  if (first.passed === false) return [first];
  const there = await look('kinds', async () => {
    const found = await kinds(calls);
    const missing = Object.values(plurals).filter((each) => found?.includes(each) !== true);
    if (missing.length === 0) return [true, Object.values(plurals).join(', ')];
    return [false, `${missing.join(', ')} not there: install the chart`];
  });
  if (there.passed === false) return [first, there];
  return [
    first,
    there,
    await look('operator', () => operator(calls)),
    await look('rights', async () => {
      const may = await isAllowed(calls, { verb: 'create', group, resource: plurals.Recording, namespace });
      return [
        may,
        may
          ? `you may record in namespace ${namespace}`
          : `you may not make Recordings in namespace ${namespace}: bind the role that the chart adds to "edit"`,
      ];
    }),
    await look('storages', () => storages(cluster, namespace)),
  ];
}

type Seen = readonly [passed: boolean | undefined, message: string];

/** What may not be looked at is no failure of recording. */
async function look(name: string, find: () => Promise<Seen>): Promise<Finding> {
  try {
    const [passed, message] = await find();
    return { name, passed, message };
  } catch (error) {
    const { code, message } = TapedeckError.from(error);
    return { name, passed: code === 'ClusterDenied' ? undefined : false, message };
  }
}

async function version(calls: ClusterCalls, context: string): Promise<Seen> {
  const answer = readAnswer(
    z.object({ gitVersion: z.string(), minor: z.string() }),
    await calls.call({ path: '/version' }),
    'the version',
  );
  const where = context === '' ? '' : `, context ${context}`;
  const isNew = Number.parseInt(answer.minor, 10) >= oldestMinor;
  return [
    isNew,
    isNew
      ? `Kubernetes ${answer.gitVersion}${where}`
      : `Kubernetes ${answer.gitVersion}${where} is too old: 1.${oldestMinor} or newer is needed`,
  ];
}

/** The plurals of our kinds that are served; undefined where our group is unknown. */
async function kinds(calls: ClusterCalls): Promise<readonly string[] | undefined> {
  try {
    const { resources } = readAnswer(
      z.object({ resources: z.array(z.object({ name: z.string() })) }),
      await calls.call({ path: `/apis/${apiVersion}` }),
      `the list of kinds of ${apiVersion}`,
    );
    return resources.map(({ name }) => name).filter((name) => !name.includes('/'));
  } catch (error) {
    if (TapedeckError.from(error).code === 'NotFound') return undefined;
    throw error;
  }
}

const deployments = z.object({
  items: z.array(
    z.object({
      metadata: z.object({
        name: z.string(),
        namespace: z.string(),
        labels: z.record(z.string(), z.string()).default({}),
      }),
      spec: z.object({ replicas: z.number().default(1) }),
      status: z.object({ availableReplicas: z.number().default(0) }).default({ availableReplicas: 0 }),
    }),
  ),
});

async function operator(calls: ClusterCalls): Promise<Seen> {
  const selector = new URLSearchParams({ labelSelector: 'app.kubernetes.io/name=tapedeck-operator' });
  const { items } = readAnswer(
    deployments,
    await calls.call({ path: `/apis/apps/v1/deployments?${selector}` }),
    'the list of Deployments',
  );
  const [one, ...others] = items;
  if (one === undefined) return [false, 'not there: install the chart'];
  const { name, namespace, labels } = one.metadata;
  const { replicas } = one.spec;
  const { availableReplicas } = one.status;
  const state = `${namespace}/${name} ${labels['app.kubernetes.io/version'] ?? ''}, ${availableReplicas} of ${replicas} ready`;
  const more = others.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  if (availableReplicas === 0) {
    return [false, `${state}: "kubectl -n ${namespace} describe deployment ${name}" tells why`];
  }
  return more.length === 0 ? [true, state] : [undefined, `${state}; also there: ${more.join(', ')}`];
}

async function storages({ store }: Cluster, namespace: string): Promise<Seen> {
  const all = await store.list('ExternalStorage', namespace);
  if (all.length === 0) return [undefined, `none in namespace ${namespace} yet`];
  const isReady = (each: (typeof all)[number]) =>
    each.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') === true;
  const away = all.filter((each) => !isReady(each)).map(({ metadata }) => metadata.name);
  const message = `${all.length - away.length} of ${all.length} ready in namespace ${namespace}`;
  return away.length === 0
    ? [true, message]
    : [undefined, `${message}; "tapedeck describe xs ${away[0]}" tells why one is not`];
}

const review = z.object({ status: z.object({ allowed: z.boolean() }) });

async function isAllowed(
  calls: ClusterCalls,
  attributes: Readonly<Record<string, string>>,
): Promise<boolean> {
  const answer = await calls.call({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: attributes },
    },
  });
  return readAnswer(review, answer, 'the review of your rights').status.allowed;
}
