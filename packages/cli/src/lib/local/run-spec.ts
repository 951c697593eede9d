import type { CopyPlan, LaunchPlan, RunPlan } from '@tapedeck/control';
import type {
  CopySpec,
  ExternalStorageSpec,
  RunCredentials,
  RunDocument,
  RunSpec,
  RunStorage,
} from '@tapedeck/core';
import { TapedeckError } from '@tapedeck/core/error';
import type { SecretCache } from './secret-cache.ts';

/** What local mode puts into a run plan. */
export interface RunSurroundings {
  readonly secrets: Pick<SecretCache, 'get'>;
  readonly scratch: RunSpec['scratch'];
  readonly report: NonNullable<RunSpec['report']>;
  readonly resultFile: string;
}

/**
 * The spec that the recorder gets. It holds credentials in clear: it goes over the child's stdin and nowhere else.
 * Throws `NotFound` where a Secret or a key of one is missing.
 */
export function completeRunSpec(plan: RunPlan, around: RunSurroundings): RunSpec {
  const { namespace } = plan.recording;
  // A process of one's own machine takes what it needs.
  const { resources: _, ...rest } = plan;
  return {
    ...rest,
    source: completeSource(plan.source, namespace, around.secrets),
    storages: completeStorages(plan, around.secrets),
    scratch: around.scratch,
    report: around.report,
    resultFile: around.resultFile,
  };
}

/** Likewise of anything that is launched. */
export function completeDocument(plan: LaunchPlan, around: RunSurroundings): RunDocument {
  return plan.mode === 'Copy' ? completeCopySpec(plan, around) : completeRunSpec(plan, around);
}

/** What is copied to has to have its Secret, and of what is read from one at least: the first that is missing is the reason. */
function completeCopySpec(plan: CopyPlan, { secrets, report, resultFile }: RunSurroundings): CopySpec {
  const storages: RunStorage[] = [];
  let missing: unknown;
  for (const storage of plan.storages) {
    try {
      storages.push(completeStorage(storage, plan.copy.namespace, secrets));
    } catch (error) {
      if (storage.name === plan.target) throw error;
      missing ??= error;
    }
  }
  const canRead = plan.files.every(({ sources }) =>
    sources.some(({ storage }) => storages.some(({ name }) => name === storage)),
  );
  if (!canRead && missing !== undefined && plan.desired !== 'Stopped') throw missing;
  return { ...plan, storages, report, resultFile };
}

/**
 * Of storages that stand for each other those whose Secret is there; the first that is missing is the reason where none
 * is, where copies go to all of them, or where it holds files.
 */
function completeStorages(plan: RunPlan, secrets: Pick<SecretCache, 'get'>): RunStorage[] {
  const { namespace } = plan.recording;
  const complete: RunStorage[] = [];
  let missing: unknown;
  for (const storage of plan.storages) {
    try {
      complete.push(completeStorage(storage, namespace, secrets));
    } catch (error) {
      missing ??= error;
      const holdsFiles = plan.previous.some((file) => file.storage === storage.name && file.state === 'Open');
      if (plan.storageMode === 'Mirror' || plan.mode === 'Remove' || holdsFiles) throw error;
    }
  }
  if (complete.length === 0 && missing !== undefined) throw missing;
  return complete;
}

/** A storage with its credentials. Without a Secret the recorder's environment decides: the provider's default chain. */
export function completeStorage(
  storage: { readonly name: string; readonly spec: ExternalStorageSpec; readonly generation?: number },
  namespace: string,
  secrets: Pick<SecretCache, 'get'>,
): RunStorage {
  return { ...storage, credentials: credentialsOf(storage.spec, namespace, secrets) };
}

function credentialsOf(
  spec: ExternalStorageSpec,
  namespace: string,
  secrets: Pick<SecretCache, 'get'>,
): RunCredentials {
  const ref = spec.credentials?.secretRef;
  if (ref === undefined) return { type: 'None' };
  return { type: 'Inline', values: { ...secretOf(namespace, ref.name, secrets) } };
}

function completeSource(
  source: RunPlan['source'],
  namespace: string,
  secrets: Pick<SecretCache, 'get'>,
): RunSpec['source'] {
  if (source.type === 'TestCard') return source;
  if (source.type === 'Page') return completePage(source, namespace, secrets);
  const { url, urlSecretRef, ...rest } = source;
  if (url !== undefined) return { ...rest, url };
  if (urlSecretRef === undefined) {
    throw new TapedeckError('InvalidSource', 'spec.source.stream: neither url nor urlSecretRef is there');
  }
  const { name, key } = urlSecretRef;
  const value = secretOf(namespace, name, secrets)[key];
  if (value !== undefined) return { ...rest, url: value };
  throw new TapedeckError('NotFound', `Secret ${name} in namespace ${namespace} has no key ${key}`);
}

function completePage(
  { secrets: names, ...page }: Extract<RunPlan['source'], { type: 'Page' }>,
  namespace: string,
  secrets: Pick<SecretCache, 'get'>,
): RunSpec['source'] {
  const valuesOf = (name: string | undefined): RunCredentials =>
    name === undefined
      ? { type: 'None' }
      : { type: 'Inline', values: { ...secretOf(namespace, name, secrets) } };
  return {
    ...page,
    headers: valuesOf(names.headers),
    cookies: valuesOf(names.cookies),
    localStorage: valuesOf(names.localStorage),
  };
}

function secretOf(namespace: string, name: string, secrets: Pick<SecretCache, 'get'>) {
  const values = secrets.get(namespace, name);
  if (values !== undefined) return values;
  throw new TapedeckError(
    'NotFound',
    `there is no Secret ${name} in namespace ${namespace} (Secrets are kept in memory only): ` +
      'put a `kind: Secret` document into the file, as in examples/s3.yaml, and run or apply it',
  );
}
