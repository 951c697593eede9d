import { setTimeout as sleep } from 'node:timers/promises';
import type { ResourceKey } from '@tapedeck/control';
import type { Recording, RunReport } from '@tapedeck/core';
import { TapedeckError } from '@tapedeck/core/error';
import { type CliExitCode, cliExitCodes } from '../cli-exit.ts';
import { takeInterrupts } from '../interrupt.ts';
import { resourceName } from '../kind-name.ts';
import type { LocalData } from '../local/local-data.ts';
import { createReportLedger } from '../local/report-ledger.ts';
import { openSession } from '../local/session.ts';
import { leftBehindText } from '../local/unattended.ts';
import { explanation, isLeftForLater, isOver, phaseOf } from '../progress/progress-line.ts';
import { createProgressView, type ProgressView } from '../progress/progress-view.ts';
import type { Terminal } from '../terminal.ts';
import type { StateCommand } from './recording-state.ts';

/** A recorder reports every second, and is told by the answer; the rest is for a machine that is busy. */
const toldTimeoutMs = 15_000;
const lookMs = 200;
/** After so long somebody wonders what a stop waits for. */
const noticeMs = 10_000;

const done = { pause: 'paused', resume: 'resumed', stop: 'stopped' } as const;
const reportedState = { pause: 'Paused', resume: 'Recording' } as const;

/**
 * Leads for as long as it takes until the recordings are what was asked: final after a stop, else reported so by their
 * recorder. Their `spec.state` is set before. Where another process leads meanwhile, it is left to that one.
 */
export async function carryOut(
  data: LocalData,
  terminal: Terminal,
  command: StateCommand,
  keys: readonly ResourceKey[],
): Promise<CliExitCode> {
  const interrupts = takeInterrupts();
  const view = await createProgressView(terminal);
  const before = await lastReports(data, await present(data, keys));
  const session = await openSession({
    data,
    onError: (error) => view.say(terminal.tones.red(TapedeckError.from(error).message)),
    startsWith: ({ kind, namespace, name }) =>
      kind === 'Recording' && keys.some((key) => key.namespace === namespace && key.name === name),
  });
  try {
    if (!session.leading) {
      for (const { name } of keys) terminal.print(`${resourceName('Recording', name)} asked to ${command}`);
      return cliExitCodes.Done;
    }
    const end = await wait({ data, view, command, keys, before, signal: interrupts.first });
    view.close();
    return await tell(data, terminal, command, end);
  } finally {
    view.close();
    await session.close();
    interrupts.close();
  }
}

interface Waiting {
  readonly data: LocalData;
  readonly view: ProgressView;
  readonly command: StateCommand;
  readonly keys: readonly ResourceKey[];
  /** What was reported before anybody led, by uid: older than the wish. */
  readonly before: ReadonlyMap<string, RunReport>;
  readonly signal: AbortSignal;
}

interface End {
  readonly reached: readonly Recording[];
  readonly waits: readonly Recording[];
  readonly interrupted: boolean;
}

/** Until all are there, or the signal, or the timeout that pausing and resuming have. */
async function wait({ data, view, command, keys, before, signal }: Waiting): Promise<End> {
  const begun = Date.now();
  let noticed = command !== 'stop';
  while (true) {
    const recordings = await present(data, keys);
    view.update(recordings);
    const reports = await lastReports(data, recordings);
    const reached = recordings.filter((each) => {
      const uid = each.metadata.uid ?? '';
      if (command === 'stop') return isOver(each) || isLeftForLater(each);
      return isOver(each) || hasReached(command, phaseOf(each), reports.get(uid), before.get(uid));
    });
    const waits = recordings.filter((each) => !reached.includes(each));
    const elapsed = Date.now() - begun;
    if (waits.length === 0 || signal.aborted || (command !== 'stop' && elapsed > toldTimeoutMs)) {
      return { reached, waits, interrupted: signal.aborted };
    }
    if (!noticed && elapsed > noticeMs) {
      noticed = true;
      for (const each of waits) view.say(waitingText(each));
    }
    await sleep(lookMs, undefined, { signal }).catch(() => undefined); // the signal ends the wait: seen above
  }
}

/** The phase alone may be of old: the recorder has to have said it since. */
function hasReached(
  command: Exclude<StateCommand, 'stop'>,
  phase: string,
  report: RunReport | undefined,
  before: RunReport | undefined,
): boolean {
  if (report === undefined) return false;
  const isNew = report.id !== before?.id || report.sequence > before.sequence;
  return isNew && report.state === reportedState[command] && phase === reportedState[command];
}

function waitingText({ metadata: { name }, status }: Recording): string {
  const why = status?.conditions?.find(({ type, status }) => type === 'Ready' && status === 'False')?.message;
  return `${name}: ${why ?? 'it is being completed.'} Ctrl-C waits no longer.`;
}

async function tell(
  data: LocalData,
  terminal: Terminal,
  command: StateCommand,
  { reached, waits, interrupted }: End,
): Promise<CliExitCode> {
  const failed = reached.filter((each) => (command === 'stop' ? phaseOf(each) === 'Failed' : isOver(each)));
  const later = reached.filter(isLeftForLater);
  for (const each of later)
    terminal.say(`${each.metadata.name}: ${explanation(each) ?? 'it is delivered later.'}`);
  for (const each of reached) {
    const { name } = each.metadata;
    if (!failed.includes(each)) terminal.print(`${resourceName('Recording', name)} ${done[command]}`);
    else if (command !== 'stop')
      terminal.say(`${name} is over (${phaseOf(each)}) and was not ${done[command]}.`);
  }
  const names = waits.map(({ metadata }) => metadata.name).join(', ');
  if (interrupted && waits.length > 0)
    terminal.say(`${names}: asked to ${command}, and waited for no longer.`);
  else if (waits.length > 0) {
    terminal.say(
      `${names}: asked to ${command}, but the recorder has not said so in ${toldTimeoutMs / 1000} s.`,
    );
  }
  const left = await leftBehindText(data);
  if (left !== undefined) terminal.say(left);
  if (waits.length > 0) return interrupted ? cliExitCodes.Interrupted : cliExitCodes.TimedOut;
  return failed.length + later.length > 0 ? cliExitCodes.Failed : cliExitCodes.Done;
}

/** Those that are still there; one that was deleted is nobody's to wait for. */
async function present(data: LocalData, keys: readonly ResourceKey[]): Promise<readonly Recording[]> {
  const found = await Promise.all(
    keys.map(({ namespace, name }) => data.store.get('Recording', namespace, name)),
  );
  return found.filter((each) => each !== undefined);
}

async function lastReports(
  data: LocalData,
  recordings: readonly Recording[],
): Promise<ReadonlyMap<string, RunReport>> {
  const ledger = createReportLedger(data.database);
  const last = new Map<string, RunReport>();
  for (const { metadata } of recordings) {
    const report = (await ledger.load(metadata.uid ?? '')).at(-1);
    if (report !== undefined) last.set(metadata.uid ?? '', report);
  }
  return last;
}
