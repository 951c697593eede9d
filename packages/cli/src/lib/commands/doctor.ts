import { execFile } from 'node:child_process';
import { accessSync, constants, statfsSync } from 'node:fs';
import { promisify } from 'node:util';
import { TapedeckError } from '@tapedeck/core/error';
import { type CliExitCode, cliExitCodes } from '../cli-exit.ts';
import { isControlled } from '../local/control-client.ts';
import { controlSocketPath } from '../local/control-socket.ts';
import type { LocalData } from '../local/local-data.ts';
import { findRecorder } from '../local/recorder-command.ts';
import { findUnattended, unattendedText } from '../local/unattended.ts';
import { formatBytes } from '../output/amount.ts';
import { type Finding, printFindings } from '../output/finding.ts';
import type { Terminal } from '../terminal.ts';

const execute = promisify(execFile);

/** Parts spool here when the bucket is away; with less than this an outage of minutes already hurts. */
const wantedFreeBytes = 2_000_000_000;
const programTimeoutMs = 10_000;

/** Looks at everything that local mode needs, and says what to do about what is missing. */
export async function doctor(openData: () => LocalData, terminal: Terminal): Promise<CliExitCode> {
  const findings = [
    node(),
    await program('ffmpeg'),
    await program('ffprobe'),
    recorder(),
    ...(await dataFindings(openData)),
  ];
  printFindings(terminal, findings);
  return findings.some(({ passed }) => passed === false) ? cliExitCodes.Failed : cliExitCodes.Done;
}

function node(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  const enough = major >= 24;
  const message = enough
    ? process.versions.node
    : `${process.versions.node} is too old: install Node 24 or newer`;
  return { name: 'node', passed: enough, message };
}

async function program(name: 'ffmpeg' | 'ffprobe'): Promise<Finding> {
  try {
    const { stdout } = await execute(name, ['-version'], { timeout: programTimeoutMs });
    const version = /version (\S+)/.exec(stdout)?.[1] ?? 'of unknown version';
    const old = Number.parseInt(version, 10) < 5;
    return {
      name,
      passed: !old,
      message: old ? `${version} is too old: install ffmpeg 5.1 or newer` : version,
    };
  } catch {
    // Whatever keeps it from answering, recording will not work: that is all there is to say.
    const how = process.platform === 'darwin' ? 'brew install ffmpeg' : 'apt install ffmpeg';
    return { name, passed: false, message: `does not run: install it (${how})` };
  }
}

function recorder(): Finding {
  try {
    return { name: 'recorder', passed: true, message: findRecorder().at(-1) ?? '' };
  } catch (error) {
    return { name: 'recorder', passed: false, message: TapedeckError.from(error).message };
  }
}

async function dataFindings(openData: () => LocalData): Promise<readonly Finding[]> {
  let data: LocalData;
  try {
    data = openData();
    accessSync(data.directory.root, constants.W_OK);
  } catch (error) {
    return [
      {
        name: 'data',
        passed: false,
        message: `${TapedeckError.from(error).message}: name another with --data`,
      },
    ];
  }
  const { root } = data.directory;
  const { bavail, bsize } = statfsSync(root);
  const free = bavail * bsize;
  const controlled = await isControlled(controlSocketPath(root));
  return [
    { name: 'data', passed: true, message: root },
    {
      name: 'space',
      passed: free < wantedFreeBytes ? undefined : true,
      message: `${formatBytes(free)} free${free < wantedFreeBytes ? '; parts wait here when a bucket is away' : ''}`,
    },
    {
      name: 'control',
      passed: controlled ? true : undefined,
      message: controlled
        ? 'a process runs the recordings'
        : 'not running; "tapedeck dev" or "tapedeck run" starts it',
    },
    ...(await unattendedFindings(data)),
  ];
}

async function unattendedFindings(data: LocalData): Promise<readonly Finding[]> {
  const unattended = await findUnattended(data, await data.store.list('Recording'));
  return unattended.map((each) => ({
    name: 'unattended',
    passed: undefined,
    message: `${each.name}, ${unattendedText(each)}; "tapedeck dev" looks after it, "tapedeck stop ${each.name}" ends it`,
  }));
}
