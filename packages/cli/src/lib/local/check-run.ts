import { type CheckReport, type CheckSpec, checkReport } from '@tapedeck/core';
import type { RecorderCommand } from './child-run.ts';
import { askRecorder } from './recorder-answer.ts';

/** A check's own steps give up long before. */
const checkTimeoutMs = 120_000;

/** Runs `recorder check` to its end. Rejections as of `askRecorder`. */
export function runCheck(
  command: RecorderCommand,
  cwd: string,
  spec: CheckSpec,
  signal: AbortSignal,
): Promise<CheckReport> {
  const what = `the check of storage ${spec.storage.name}`;
  const question = { mode: 'check', spec, what, answer: checkReport, timeoutMs: checkTimeoutMs } as const;
  return askRecorder(command, cwd, question, signal);
}
