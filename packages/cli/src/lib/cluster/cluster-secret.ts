import { TapedeckError } from '@tapedeck/core/error';
import { kubernetesObject } from '@tapedeck/kube-api';
import { z } from 'zod';
import type { SecretEntry } from '../local/secret-cache.ts';
import type { ApplyOutcome } from '../resource-client.ts';
import { readAnswer } from './cluster-answer.ts';
import type { ClusterCalls } from './cluster-calls.ts';

const manager = 'tapedeck-cli';
const secret = z.object({ data: z.record(z.string(), z.string()).default({}) });

const pathOf = (namespace: string, name: string) => `/api/v1/namespaces/${namespace}/secrets/${name}`;

/** Writes a Secret; needs the right to write, not to read it. */
export async function applySecret(calls: ClusterCalls, entry: SecretEntry): Promise<ApplyOutcome> {
  const { namespace, name, values } = entry;
  const data = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Buffer.from(value, 'utf8').toString('base64')]),
  );
  const before = await versionOf(calls, entry);
  const body = { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace }, data };
  const { resourceVersion } = readAnswer(
    kubernetesObject,
    await calls.apply(pathOf(namespace, name), manager, body),
    `Secret ${name}`,
  ).metadata;
  if (before === undefined) return 'created';
  return before === resourceVersion ? 'unchanged' : 'configured';
}

/** Empty for whoever may write it and not look. */
async function versionOf(calls: ClusterCalls, { namespace, name }: SecretEntry): Promise<string | undefined> {
  try {
    const found = await calls.find(pathOf(namespace, name));
    return found === undefined
      ? undefined
      : readAnswer(kubernetesObject, found, `Secret ${name}`).metadata.resourceVersion;
  } catch (error) {
    if (TapedeckError.from(error).code === 'ClusterDenied') return '';
    throw error;
  }
}

/** A Secret's values, where the caller may read it. Rejects with `NotFound` or `ClusterDenied`. */
export async function readSecret(
  calls: ClusterCalls,
  namespace: string,
  name: string,
): Promise<SecretEntry['values']> {
  const found = await calls.find(pathOf(namespace, name));
  if (found === undefined) {
    throw new TapedeckError('NotFound', `there is no Secret ${name} in namespace ${namespace}`);
  }
  return Object.fromEntries(
    Object.entries(readAnswer(secret, found, `Secret ${name}`).data).map(([key, value]) => [
      key,
      Buffer.from(value, 'base64').toString('utf8'),
    ]),
  );
}
