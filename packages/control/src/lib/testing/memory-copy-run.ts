import { exitCodes, type RunFile, type RunReply, type RunReport, type RunResult } from '@tapedeck/core';
import type { CopyPlan, RunObservation } from '../ports.ts';

/** A run of a copy that copies nothing and says what a test has it say. */
export interface MemoryCopyRun {
  readonly plan: CopyPlan;
  /** Times that it was asked to end. */
  readonly terminations: number;
  /** Reports so many bytes of the first file as copied, its upload open. */
  report(bytes: number): Promise<RunReply>;
  /** Ends with a last report that holds the result; `Complete` with all its files, else with what was there before. */
  finish(result: RunResult): Promise<RunReply>;
  /** Ends at once without another word. */
  kill(signal?: string): void;
}

/** `end` is told how the run ended. */
export function createMemoryCopyRun(
  plan: CopyPlan,
  ports: {
    readonly onReport: (report: RunReport) => Promise<RunReply>;
    readonly end: (how: Partial<RunObservation>) => void;
  },
): { readonly run: MemoryCopyRun; readonly terminate: () => void } {
  let sequence = 0;
  let terminations = 0;
  let files: readonly RunFile[] = plan.previous;
  let copied = 0;

  function next(result?: RunResult): RunReport {
    sequence += 1;
    const bytesRecorded = plan.files.reduce((sum, { sources }) => sum + (sources[0]?.bytes ?? 0), 0);
    return {
      version: 1,
      id: plan.id,
      sequence,
      time: new Date().toISOString(),
      state: result === undefined ? 'Uploading' : 'Ended',
      progress: { durationSeconds: 0, bytesRecorded, bytesUploaded: copied, lagSeconds: 0, bitrate: 0 },
      files: [...files],
      gaps: [],
      pauses: [],
      notices: [],
      ...(result === undefined ? {} : { result }),
    };
  }
  function fileOf({ key, segment, durationSeconds, sources }: CopyPlan['files'][number]): RunFile {
    const bytes = sources[0]?.bytes ?? 0;
    return {
      segment,
      attempt: plan.attempt,
      key,
      storage: plan.target,
      state: 'Open',
      bytes,
      durationSeconds,
    };
  }

  const run: MemoryCopyRun = {
    plan,
    get terminations() {
      return terminations;
    },
    report(bytes) {
      copied = bytes;
      files = plan.files.slice(0, 1).map((each) => {
        const { key } = each;
        const journal = { storage: plan.target, key, contentType: 'video/mp4', token: { upload: plan.id } };
        return { ...fileOf(each), journal: { version: 1, ...journal, parts: [] } };
      });
      return ports.onReport(next());
    },
    async finish(result) {
      if (result.exit === 'Complete') {
        files = plan.files.map((each) => ({
          ...fileOf(each),
          state: 'Complete',
          crc32: each.sources[0]?.crc32 ?? '00000000',
          url: `memory://${plan.target}/${each.key}`,
        }));
        copied = files.reduce((sum, { bytes }) => sum + bytes, 0);
      }
      if (plan.desired === 'Stopped') files = files.filter(({ state }) => state === 'Complete');
      const report = next(result);
      const reply = await ports.onReport(report);
      ports.end({ exitCode: exitCodes[result.exit], report });
      return reply;
    },
    kill: (signal = 'SIGKILL') => ports.end({ signal }),
  };
  return {
    run,
    terminate: () => {
      terminations += 1;
    },
  };
}
