import { type CheckReport, type CheckSpec, TapedeckError } from '@tapedeck/core';
import { type CallTimeouts, callOnce, callWithRetries, defaultTimeouts } from '../call.ts';
import { readCredentials } from '../credentials.ts';
import type { Driver } from '../driver.ts';
import { createDriver } from '../drivers/drivers.ts';
import { normalizePrefix } from '../key.ts';
import { defaultRetryPolicy, type RetryPolicy } from '../retry-policy.ts';
import { createProbes, type Probes } from './check-probes.ts';
import { type CheckStep, gradeWrite, step, verdict } from './check-steps.ts';

/** A hiccup is forgiven; whoever waits for the answer wants it soon. */
const policy: RetryPolicy = { ...defaultRetryPolicy, maxTotalMs: 2_000, maxUnknownAttempts: 2 };

export interface CheckOptions {
  readonly signal?: AbortSignal;
  readonly timeouts?: Partial<CallTimeouts>;
}

type Outcome = { readonly error: TapedeckError | undefined; readonly seconds: number };

/**
 * Finds out whether recordings can go to a storage, by doing there what a recording does. Never rejects, but
 * with `Aborted` when the signal fires: whatever is wrong is in the report. It removes what it wrote where it
 * may; else at most two small objects stay, the same at every check.
 */
export async function checkStorage(
  { id, storage }: Pick<CheckSpec, 'id' | 'storage'>,
  options: CheckOptions = {},
): Promise<CheckReport> {
  const started = performance.now();
  const about = { version: 1, id, time: new Date().toISOString() } as const;
  const finish = (
    steps: CheckStep[],
    failure: TapedeckError | undefined,
    driver?: Driver,
    passed: (name: string) => boolean = () => false,
  ): CheckReport => ({
    ...about,
    durationSeconds: (performance.now() - started) / 1000,
    ...verdict(failure, driver?.url(normalizePrefix(storage.spec.prefix)) ?? storage.name),
    steps,
    capabilities: {
      multipart: passed('Multipart'),
      rewriteFirstPart: passed('RewriteFirstPart'),
      read: passed('Read'),
      list: passed('List'),
      delete: passed('Delete'),
      signUrls: passed('Sign'),
    },
    ...(driver?.endpoint !== undefined && { endpoint: driver.endpoint }),
  });

  let driver: Driver;
  try {
    const credentials = await readCredentials(storage.credentials);
    driver = await createDriver({ spec: storage.spec, credentials });
  } catch (cause) {
    const error = TapedeckError.from(cause);
    return finish([step('Connect', true, error, 0)], error);
  }
  try {
    const probes = createProbes(driver, normalizePrefix(storage.spec.prefix));
    const { steps, failure } = await runSteps(probes, options);
    const passed = (name: string) => steps.some((one) => one.name === name && one.passed);
    return finish(steps, failure, driver, passed);
  } finally {
    await driver.close();
  }
}

async function runSteps(
  probes: Probes,
  options: CheckOptions,
): Promise<{ steps: CheckStep[]; failure: TapedeckError | undefined }> {
  const steps: CheckStep[] = [];
  const required = async (name: string, probe: (signal: AbortSignal) => Promise<void>) => {
    const { error, seconds } = await attempt(name, probe, options);
    steps.push(...(name === 'Write' ? gradeWrite(error, seconds) : [step(name, true, error, seconds)]));
    return error;
  };
  const optional = async (name: string, probe: (signal: AbortSignal) => Promise<void>) => {
    const { error, seconds } = await attempt(name, probe, options);
    steps.push(step(name, false, error, seconds));
  };
  try {
    const failure =
      (await required('Connect', probes.connect)) ??
      (await required('Write', probes.write)) ??
      (await required('Multipart', probes.multipart));
    if (failure !== undefined) return { steps, failure };
    await optional('RewriteFirstPart', probes.rewriteFirstPart);
    await optional('Read', probes.read);
    await optional('List', probes.list);
    await optional('Delete', probes.delete);
    await optional('Sign', probes.sign);
    return { steps, failure: undefined };
  } finally {
    // What may not be removed stays; the Delete step has said so. Without a connection there is nothing to remove.
    if (steps.length > 1)
      await callOnce('Cleaning up', timeout(options), undefined, probes.cleanUp).catch(() => undefined);
  }
}

async function attempt(
  what: string,
  probe: (signal: AbortSignal) => Promise<void>,
  options: CheckOptions,
): Promise<Outcome> {
  const { signal } = options;
  const started = performance.now();
  const call = () => callOnce(`The step ${what}`, timeout(options), signal, probe);
  const error = await callWithRetries(policy, { signal }, call).then(
    () => undefined,
    (cause: unknown) => TapedeckError.from(cause),
  );
  if (signal?.aborted) throw new TapedeckError('Aborted', 'The check was aborted.');
  return { error, seconds: (performance.now() - started) / 1000 };
}

function timeout({ timeouts }: CheckOptions): number {
  return timeouts?.callMs ?? defaultTimeouts.callMs;
}
