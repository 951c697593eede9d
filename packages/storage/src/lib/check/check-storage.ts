import { type CheckReport, type CheckSpec, type ExternalStorageSpec, TapedeckError } from '@tapedeck/core';
import { type CallTimeouts, callOnce, callWithRetries, defaultTimeouts } from '../call.ts';
import { readCredentials } from '../credentials.ts';
import type { Driver } from '../driver.ts';
import { createDriver } from '../drivers/drivers.ts';
import { normalizePrefix } from '../key.ts';
import { defaultRetryPolicy, type RetryPolicy } from '../retry-policy.ts';
import { createProbes } from './check-probes.ts';
import {
  type CheckStep,
  configurationStep,
  gradeWrite,
  type StepScope,
  step,
  verdict,
} from './check-steps.ts';
import { explainBySkew, judgeSkew, measureSkew } from './clock-skew.ts';
import { type NetworkAddress, networkAddress } from './network-address.ts';
import { createNetworkProbes } from './network-probes.ts';

/** A hiccup is forgiven; whoever waits for the answer wants it soon. */
const policy: RetryPolicy = { ...defaultRetryPolicy, maxTotalMs: 2_000, maxUnknownAttempts: 2 };
/** The clock is asked beside the other steps; a server that takes longer does not tell. */
const CLOCK_TIMEOUT_MS = 5_000;

export interface CheckOptions {
  readonly signal?: AbortSignal;
  readonly timeouts?: Partial<CallTimeouts>;
}

/** A check under way: its steps so far, and how to add one. */
interface Course {
  readonly steps: CheckStep[];
  readonly options: CheckOptions;
  /** What is asked, for people; known once there is a driver. */
  where: string;
  /** What the first required step that failed said: the others are not tried then. */
  failure: TapedeckError | undefined;
}

type Probe = (signal: AbortSignal) => Promise<void>;

/**
 * Finds out whether recordings can go to a storage: first whether the way there is free, then by doing there what a
 * recording does. Never rejects, but with `Aborted` when the signal fires: whatever is wrong is in the report. It removes
 * what it wrote where it may; else at most two small objects stay, the same at every check (where they may not be
 * replaced either, each check leaves its own).
 */
export async function checkStorage(
  { id, storage }: Pick<CheckSpec, 'id' | 'storage'>,
  options: CheckOptions = {},
): Promise<CheckReport> {
  const started = performance.now();
  const time = new Date().toISOString();
  const course: Course = { steps: [], options, where: storage.name, failure: undefined };
  let driver: Driver | undefined;
  try {
    const credentials = await readCredentials(storage.credentials);
    driver = await createDriver({ spec: storage.spec, credentials });
    course.where = driver.endpoint ?? driver.url(normalizePrefix(storage.spec.prefix));
  } catch (cause) {
    course.failure = TapedeckError.from(cause);
    course.steps.push(step(configurationStep(course.failure), true, course.failure, 0));
  }
  try {
    if (driver !== undefined) await runSteps(course, driver, storage.spec);
  } finally {
    await driver?.close();
  }
  const { steps, failure } = course;
  const passed = (name: string) => steps.some((one) => one.name === name && one.passed);
  return {
    version: 1,
    id,
    time,
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
  };
}

async function runSteps(course: Course, driver: Driver, spec: ExternalStorageSpec): Promise<void> {
  const address = driver.viaProxy ? undefined : networkAddress(driver.endpoint);
  if (address !== undefined) await takeTheWay(course, address);
  if (course.failure !== undefined) return;
  const clock = new AbortController();
  const skew =
    address?.http && driver.endpoint !== undefined
      ? measureSkew(driver.endpoint, AbortSignal.any([clock.signal, AbortSignal.timeout(CLOCK_TIMEOUT_MS)]))
      : Promise.resolve(undefined);
  try {
    await doAsRecordings(course, driver, spec, { address, skew });
  } finally {
    clock.abort();
  }
}

/** Resolve, Connect, TLS. */
async function takeTheWay(course: Course, address: NetworkAddress): Promise<void> {
  const probes = createNetworkProbes(address, timeout(course.options));
  await required(course, 'Resolve', probes.resolve);
  await required(course, 'Connect', probes.connect);
  if (address.tls) await required(course, 'TLS', probes.tls);
}

/** From Authenticate on. */
async function doAsRecordings(
  course: Course,
  driver: Driver,
  spec: ExternalStorageSpec,
  way: { readonly address: NetworkAddress | undefined; readonly skew: Promise<number | undefined> },
): Promise<void> {
  const probes = createProbes(driver, normalizePrefix(spec.prefix));
  try {
    await write(course, probes.write, scopeOf(spec), way);
    await required(course, 'Multipart', probes.multipart);
    if (course.failure !== undefined) return;
    await optional(course, 'RewriteFirstPart', probes.rewriteFirstPart);
    await optional(course, 'Read', probes.read);
    await optional(course, 'List', probes.list);
    // While the object is there.
    await optional(course, 'Sign', probes.sign);
    await optional(course, 'Delete', probes.delete);
    // What was written so far was encrypted with it.
    if (scopeOf(spec).kms) course.steps.push(step('KMS', true, undefined, 0));
    const seconds = await way.skew;
    if (seconds === undefined) return;
    const { error, remark } = judgeSkew(seconds);
    course.steps.push(step('ClockSkew', false, error, 0, remark));
  } finally {
    // What may not be removed stays; the Delete step has said so.
    await callOnce('Cleaning up', timeout(course.options), undefined, probes.cleanUp).catch(() => undefined);
  }
}

/** The write decides Authenticate, Bucket, Region and Write at once, see `gradeWrite`. */
async function write(
  course: Course,
  probe: Probe,
  scope: StepScope,
  {
    address,
    skew,
  }: { readonly address: NetworkAddress | undefined; readonly skew: Promise<number | undefined> },
): Promise<void> {
  const { error, seconds } = await attempt(course, 'Write', probe);
  if (error !== undefined && address !== undefined && (await wantsTls(address, error, course.options))) {
    const message = `${address.host}:${address.port} speaks TLS; write https:// in the endpoint.`;
    course.failure = new TapedeckError('StorageTlsFailed', message, { cause: error });
    course.steps.push(step('TLS', true, course.failure, seconds));
    return;
  }
  course.failure = error && explainBySkew(error, await skew);
  course.steps.push(...gradeWrite(course.failure, seconds, scope));
}

/** Failures that tell nothing of a service that was understood. */
const misunderstood: ReadonlySet<string> = new Set([
  'StorageUnreachable',
  'StorageTimeout',
  'StorageUnavailable',
  'Unknown',
]);

/** A server that waits for TLS answers plain HTTP with a 400, by hanging up, or not at all. */
async function wantsTls(
  address: NetworkAddress,
  error: TapedeckError,
  options: CheckOptions,
): Promise<boolean> {
  if (address.tls || !address.http || !misunderstood.has(error.code)) return false;
  const never = new AbortController();
  return await createNetworkProbes(address, timeout(options)).speaksTls(options.signal ?? never.signal);
}

function scopeOf({ provider, s3 }: ExternalStorageSpec): StepScope {
  return {
    regional: provider === 'S3' || provider === 'DigitalOcean',
    kms: s3?.encryption?.type === 'KMS',
  };
}

/** Not tried once another one failed. */
async function required(course: Course, name: string, probe: Probe): Promise<void> {
  if (course.failure !== undefined) return;
  const { error, seconds } = await attempt(course, name, probe);
  course.failure = error;
  course.steps.push(step(name, true, error, seconds));
}

async function optional(course: Course, name: string, probe: Probe): Promise<void> {
  const { error, seconds } = await attempt(course, name, probe);
  course.steps.push(step(name, false, error, seconds));
}

async function attempt(
  { options, where }: Course,
  name: string,
  probe: Probe,
): Promise<{ readonly error: TapedeckError | undefined; readonly seconds: number }> {
  const { signal } = options;
  const started = performance.now();
  const limitMs = timeout(options);
  const call = async () => {
    const deadline = AbortSignal.timeout(limitMs);
    try {
      await callOnce(`The step ${name}`, limitMs, signal, probe);
    } catch (error) {
      if (TapedeckError.from(error).code !== 'StorageTimeout' || !deadline.aborted) throw error;
      throw silent(name, where, limitMs, error);
    }
  };
  const error = await callWithRetries(policy, { signal }, call).then(
    () => undefined,
    (cause: unknown) => TapedeckError.from(cause),
  );
  if (signal?.aborted) throw new TapedeckError('Aborted', 'The check was aborted.');
  return { error, seconds: (performance.now() - started) / 1000 };
}

/** The connection was taken, and then nothing came. */
function silent(name: string, where: string, limitMs: number, cause: unknown): TapedeckError {
  const message = `${where} did not answer the step ${name} within ${limitMs / 1000} s; correct the endpoint, or look at the server's load and log.`;
  return new TapedeckError('StorageTimeout', message, { cause });
}

function timeout({ timeouts }: CheckOptions): number {
  return timeouts?.callMs ?? defaultTimeouts.callMs;
}
