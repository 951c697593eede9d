import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Recording, RecordingStatus } from '@tapedeck/core';
import {
  createWorkbench,
  phaseIs,
  recordedSeconds,
  recordingManifest,
  smallTestCard,
  type Workbench,
} from '../e2e/workbench.ts';
import { requireOrdinaryMp4 } from '../media/inspect.ts';
import { seconds } from './account.ts';
import { type Destination, destinations } from './destination.ts';
import { leftovers } from './leftovers.ts';
import { processesOf } from './processes.ts';

export type Victim = 'Recorder' | 'Encoder' | 'Both';
export type Moment = 'Start' | 'Middle' | 'Stop';

/** One recording, and the one kill -9 that it met. */
export interface KillOutcome {
  readonly number: number;
  readonly victim: Victim;
  readonly moment: Moment;
  /** How many processes were there to be killed: none, when it had just ended by itself. */
  readonly killed: number;
  /** Why there is no file that two readers open; undefined when all is well. */
  readonly lost: string | undefined;
  /** Video from before the kill that is in no file. */
  readonly missingSeconds: number;
  /** From the kill, or the stop where that came later, to the final state. */
  readonly finalSeconds: number;
}

export interface KillReport {
  readonly outcomes: readonly KillOutcome[];
  /** What is left behind of all of them together: processes, files, objects. */
  readonly leftovers: readonly string[];
}

export interface KillOptions {
  readonly kills: number;
  /** The same seed makes the same plan. */
  readonly seed: number;
  readonly destination?: keyof typeof destinations;
  /** Recordings at the same time. */
  readonly parallel?: number;
  readonly onOutcome?: (outcome: KillOutcome) => void;
}

/** Whoever looks more often than this measures its own looking. */
const pollMs = 600;
const finalTimeoutMs = 120_000;
/** What has not begun by then is the fault of whoever tests: it rejects instead of counting as an outcome. */
const reachTimeoutMs = 60_000;

/** Records again and again, and each time kills recorder, ffmpeg or both at a moment that nothing prepares for. */
export async function randomKills(options: KillOptions): Promise<KillReport> {
  const bench = await createWorkbench();
  const destination = await destinations[options.destination ?? 'S3']();
  const random = createRandom(options.seed);
  const outcomes: KillOutcome[] = [];
  const outputs: NonNullable<RecordingStatus['outputs']> = [];
  const plans = Array.from({ length: options.kills }, (_, index) => planKill(index + 1, random));
  try {
    await bench.startControl();
    await bench.run(['apply', '-f', await bench.manifest(...destination.manifests)]);
    const work = async () => {
      for (let plan = plans.shift(); plan !== undefined; plan = plans.shift()) {
        const { outcome, status } = await carryOut(plan, bench, destination);
        outcomes.push(outcome);
        outputs.push(...(status.outputs ?? []));
        options.onOutcome?.(outcome);
      }
    };
    await Promise.all(Array.from({ length: options.parallel ?? 2 }, work));
    const left = await leftovers(bench, { destination, outputs });
    // The process that controls is still ours.
    return { outcomes, leftovers: left.filter((each) => !each.endsWith(' dev')) };
  } finally {
    await bench.close();
    await destination.close();
  }
}

interface KillPlan {
  readonly number: number;
  readonly victim: Victim;
  readonly moment: Moment;
  /** After the moment. */
  readonly delayMs: number;
}

function planKill(number: number, random: () => number): KillPlan {
  const where = random();
  const moment: Moment = where < 0.25 ? 'Start' : where < 0.7 ? 'Middle' : 'Stop';
  const who = random();
  const victim: Victim = who < 0.4 ? 'Recorder' : who < 0.7 ? 'Encoder' : 'Both';
  // Start: from its first instruction to its second fragment. Middle: more than one durability. Stop: from before the
  // recorder has heard of it until after it has ended.
  const [least, most] = { Start: [0, 3_000], Middle: [0, 8_000], Stop: [200, 1_800] }[moment] as [
    number,
    number,
  ];
  return { number, victim, moment, delayMs: least + random() * (most - least) };
}

async function carryOut(
  plan: KillPlan,
  bench: Workbench,
  destination: Destination,
): Promise<{ outcome: KillOutcome; status: RecordingStatus }> {
  const name = `kill-${plan.number}`;
  const look = (wanted: (status: RecordingStatus) => boolean, timeoutMs = 60_000) =>
    until(bench, name, wanted, timeoutMs);
  await bench.run(['apply', '-f', await bench.manifest(recordingManifest(name, 'place', smallTestCard))]);
  const uid = await uidOf(bench, name);
  let stoppedAt = Number.POSITIVE_INFINITY;
  const stop = () => {
    stoppedAt = Date.now();
    return bench.run(['stop', name]);
  };

  if (plan.moment === 'Start') await untilLaunched(bench, name, uid);
  // Stopped and killed before the first part is due, there is nothing left that could be lost.
  else await bench.until(name, recordedSeconds(plan.moment === 'Stop' ? 6 : 1), reachTimeoutMs);
  const stopping = plan.moment === 'Stop' ? stop() : undefined;
  await sleep(plan.delayMs);
  const killed = await kill(bench, uid, plan.victim);
  const killedAt = Date.now();
  await stopping;
  if (plan.moment !== 'Stop') {
    await sleep(1_000);
    await look(phaseIs('Recording', 'Uploaded', 'Failed'));
    await sleep(2_000);
    await stop();
  }
  const status = await look(phaseIs('Uploaded', 'Failed'), finalTimeoutMs);
  const final = status.conditions?.find(
    ({ type }) => type === (status.phase === 'Failed' ? 'Failed' : 'Complete'),
  );
  const { lost, fileSeconds } = await readAll(status, destination);
  // A recorder that ends at its start or stop may escape; one in the middle has to be there, or nothing was tested.
  const escaped = killed === 0 && plan.moment === 'Middle' ? 'there was nothing to be killed' : undefined;
  const upTo = (Math.min(killedAt, stoppedAt) - Date.parse(status.startTime ?? '')) / 1000;
  const held = status.gaps?.[0] === undefined ? fileSeconds : seconds(status.gaps[0].start);
  return {
    status,
    outcome: {
      number: plan.number,
      victim: plan.victim,
      moment: plan.moment,
      killed,
      lost: lost ?? escaped,
      missingSeconds: killed === 0 || Number.isNaN(upTo) ? 0 : Math.max(0, upTo - held),
      finalSeconds: (Date.parse(final?.lastTransitionTime ?? '') - Math.max(killedAt, stoppedAt)) / 1000,
    },
  };
}

async function untilLaunched(bench: Workbench, name: string, uid: string): Promise<void> {
  const deadline = Date.now() + reachTimeoutMs;
  while ((await recorderOf(bench, uid)) === undefined) {
    if (Date.now() > deadline)
      throw new Error(`nothing records ${name}: ${JSON.stringify(await bench.status(name))}`);
    await sleep(20);
  }
}

async function readAll(
  status: RecordingStatus,
  destination: Destination,
): Promise<{ lost: string | undefined; fileSeconds: number }> {
  let fileSeconds = 0;
  if (status.phase !== 'Uploaded' || (status.outputs ?? []).length === 0)
    return { lost: `it is ${JSON.stringify(status)}`, fileSeconds };
  try {
    for (const output of status.outputs ?? [])
      fileSeconds += (await requireOrdinaryMp4(await destination.fetch(output))).durationSeconds;
    return { lost: undefined, fileSeconds };
  } catch (error) {
    return { lost: `not readable: ${String(error)}`, fileSeconds };
  }
}

/** Kills what there is of the newest run: the recorder, what it started, or both in one go. */
async function kill(bench: Workbench, uid: string, victim: Victim): Promise<number> {
  const recorder = await recorderOf(bench, uid);
  if (recorder === undefined) return 0;
  const encoders = victim === 'Recorder' ? [] : await childrenOf(bench, recorder);
  let killed = 0;
  for (const pid of [...(victim === 'Encoder' ? [] : [recorder]), ...encoders]) {
    try {
      process.kill(pid, 'SIGKILL');
      killed += 1;
    } catch {
      // It has ended by itself in this instant.
    }
  }
  return killed;
}

/** The process of the recording's newest run, while it goes. */
async function recorderOf(bench: Workbench, uid: string): Promise<number | undefined> {
  const runs = join(bench.directory, 'data', 'runs');
  const names = (await readdir(runs).catch(() => [])).filter((name) => name.startsWith(`${uid}-`));
  const newest = names.sort((a, b) => runNumber(a) - runNumber(b)).at(-1);
  const text = await readFile(join(runs, newest ?? '-', 'run.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const { pid } = (JSON.parse(text) as { process: { pid: number } }).process;
  const alive = (await processesOf(bench.directory)).some((each) => each.pid === pid);
  return alive ? pid : undefined;
}

const runNumber = (id: string): number => Number(id.split('-').at(-1));

async function childrenOf(bench: Workbench, parent: number): Promise<number[]> {
  const found: number[] = [];
  for (const { pid } of await processesOf(bench.directory)) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    if (new RegExp(`^PPid:\\s+${parent}$`, 'm').test(status)) found.push(pid);
  }
  return found;
}

async function uidOf(bench: Workbench, name: string): Promise<string> {
  const text = await bench.run(['get', 'recording', name, '-o', 'json']);
  return (JSON.parse(text) as Recording).metadata.uid ?? '';
}

async function until(
  bench: Workbench,
  name: string,
  wanted: (status: RecordingStatus) => boolean,
  timeoutMs: number,
): Promise<RecordingStatus> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const status = await bench.status(name);
    if (wanted(status) || Date.now() > deadline) return status;
    await sleep(pollMs);
  }
}

/** mulberry32: small, and good enough to choose moments with. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
