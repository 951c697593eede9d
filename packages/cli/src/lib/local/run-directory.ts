import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { writeFileAtomicSync } from './atomic-file.ts';
import { createFieldReader, type FieldReader } from './field-reader.ts';
import type { ProcessIdentity } from './process-identity.ts';

/** What is kept of a run that was started, for this control process and those after it. Never a secret. */
export interface RunRecord {
  readonly id: string;
  readonly recordingUid: string;
  readonly process: ProcessIdentity;
  /** ISO 8601. */
  readonly startTime: string;
  /** Whether the whole spec was handed over: a run that ended without it never was. */
  readonly delivered: boolean;
}

/** How the process ended, as far as anybody saw it. */
export interface RunExit {
  readonly exitCode?: number;
  readonly signal?: string;
  readonly endTime: string;
}

/** `<data>/runs/<id>`: what a run leaves, and what is known of its process. */
export interface RunDirectory {
  readonly path: string;
  readonly log: string;
  /** The recorder writes its last report there. */
  readonly result: string;
  create(): void;
  record(): RunRecord | undefined;
  writeRecord(record: RunRecord): void;
  exit(): RunExit | undefined;
  writeExit(exit: RunExit): void;
  /** The text of the result; undefined while there is none. */
  readResult(): string | undefined;
  remove(): void;
}

export function runDirectory(runs: string, id: string): RunDirectory {
  const path = join(runs, assertRunId(id));
  const recordFile = join(path, 'run.json');
  const exitFile = join(path, 'exit.json');
  const result = join(path, 'result.json');
  return {
    path,
    log: join(path, 'recorder.log'),
    result,
    create: () => {
      mkdirSync(path, { recursive: true, mode: 0o700 });
    },
    record: () => readFields(recordFile, recordOf),
    writeRecord: (record) => writeFileAtomicSync(recordFile, JSON.stringify(record)),
    exit: () => readFields(exitFile, exitOf),
    writeExit: (exit) => writeFileAtomicSync(exitFile, JSON.stringify(exit)),
    readResult: () => readText(result),
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** Ids of the runs that have a directory. */
export function listRuns(runs: string): readonly string[] {
  try {
    return readdirSync(runs);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** An id names a directory: what could lead out of `runs` is a fault of whoever made it. */
function assertRunId(id: string): string {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(id)) throw new Error(`not a run id: ${JSON.stringify(id)}`);
  return id;
}

function readFields<T>(path: string, read: (fields: FieldReader) => T): T | undefined {
  const text = readText(path);
  return text === undefined ? undefined : read(createFieldReader(JSON.parse(text), path));
}

function recordOf(fields: FieldReader): RunRecord {
  const process = fields.inside('process');
  return {
    id: fields.text('id'),
    recordingUid: fields.text('recordingUid'),
    process: { pid: process.number('pid'), started: process.text('started') },
    startTime: fields.text('startTime'),
    delivered: fields.flag('delivered'),
  };
}

function exitOf(fields: FieldReader): RunExit {
  const exitCode = fields.optionalNumber('exitCode');
  const signal = fields.optionalText('signal');
  return {
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(signal === undefined ? {} : { signal }),
    endTime: fields.text('endTime'),
  };
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
