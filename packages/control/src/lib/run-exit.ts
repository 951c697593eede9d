import { type ExitName, exitCodes, type RecordingAttempt, type RunReport } from '@tapedeck/core';
import type { RunObservation } from './ports.ts';

/** How a run ended: by its own word, or broken off (killed, crashed, gone with its node or without a trace). */
export type RunEnd = ExitName | 'Killed' | 'NodeLost' | 'Lost';

const names = Object.entries(exitCodes) as readonly (readonly [ExitName, number])[];

/**
 * How the run ended, or undefined while it goes on. The result in a report wins over what the launcher saw. Exit code 0
 * without a result is not believed: something else ended the process.
 */
export function runEnd(
  observation: RunObservation,
  report: RunReport | undefined,
): { readonly end: RunEnd; readonly message?: string } | undefined {
  if (observation.state === 'Running') return undefined;
  const result = report?.result ?? observation.report?.result;
  if (result !== undefined) {
    return { end: result.exit, ...(result.message === undefined ? {} : { message: result.message }) };
  }
  if (observation.state === 'Absent') {
    // Without any report it has not begun either: whoever asks launches it again.
    return report === undefined ? undefined : { end: 'Lost', message: 'It is gone without a result.' };
  }
  if (observation.cause?.reason === 'NodeLost') {
    return { end: 'NodeLost', message: observation.cause.message };
  }
  if (observation.cause !== undefined) {
    return { end: 'Killed', message: `${observation.cause.reason}: ${observation.cause.message}` };
  }
  if (observation.signal !== undefined) {
    return { end: 'Killed', message: `It was ended by ${observation.signal}.` };
  }
  const name = names.find(([, code]) => code === observation.exitCode)?.[0];
  if (name !== undefined && name !== 'Complete') return { end: name };
  return {
    end: 'Killed',
    message: `It ended with exit code ${observation.exitCode ?? 'unknown'} and no result.`,
  };
}

/** The entry of a run that has ended. */
export function endAttempt(
  attempt: RecordingAttempt,
  ended: { readonly end: RunEnd; readonly message?: string },
  observation: RunObservation,
  report: RunReport | undefined,
  now: Date,
): RecordingAttempt {
  return {
    ...attempt,
    ...placeOf(observation),
    startTime: observation.startTime ?? attempt.startTime,
    endTime: observation.endTime ?? report?.time ?? now.toISOString(),
    reason: ended.end,
    ...(ended.message === undefined ? {} : { message: ended.message.slice(0, 1024) }),
  };
}

/** Where a run is, as far as its launcher says. */
export function placeOf(observation: RunObservation): Pick<RecordingAttempt, 'pod' | 'node'> {
  return {
    ...(observation.pod === undefined ? {} : { pod: observation.pod }),
    ...(observation.node === undefined ? {} : { node: observation.node }),
  };
}
