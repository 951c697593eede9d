import { type LinkReport, type LinkSpec, linkReport } from '@tapedeck/core';
import type { RecorderCommand } from './child-run.ts';
import { askRecorder } from './recorder-answer.ts';

/** The recorder itself gives up after a minute. */
const linkTimeoutMs = 70_000;

/** Runs `recorder link` to its end. Rejections as of `askRecorder`. */
export function runLink(
  command: RecorderCommand,
  cwd: string,
  spec: LinkSpec,
  signal: AbortSignal,
): Promise<LinkReport> {
  const what = `making links for storage ${spec.storage.name}`;
  const question = { mode: 'link', spec, what, answer: linkReport, timeoutMs: linkTimeoutMs } as const;
  return askRecorder(command, cwd, question, signal);
}
