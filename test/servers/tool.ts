import { execFile } from 'node:child_process';
import { access, mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** A cold build of the largest of them takes about two minutes on two cores. */
const BUILD_TIMEOUT_MS = 15 * 60_000;

export interface GoTool {
  readonly name: string;
  /** Module path with a version: what `go install` takes. */
  readonly module: string;
}

/** Where built tools are kept between test runs: TAPEDECK_TOOL_CACHE, or the user's cache directory. */
export function toolCache(): string {
  return process.env.TAPEDECK_TOOL_CACHE ?? path.join(homedir(), '.cache', 'tapedeck', 'bin');
}

/**
 * The path of a server that tests need, built on first use. Undefined where it cannot be built; under CI that
 * is an error, for a test that is left out there is a failure.
 */
export async function findGoTool(tool: GoTool): Promise<string | undefined> {
  const file = path.join(toolCache(), tool.name);
  if (await isThere(file)) return file;
  const why = await build(tool);
  if (why === undefined) return file;
  if (process.env.CI) throw new Error(`${tool.name} is needed: ${why}`);
  process.stderr.write(`Skipping tests that need ${tool.name}: ${why}\n`);
  return undefined;
}

async function build({ module }: GoTool): Promise<string | undefined> {
  const go = (await isThere('/usr/local/go/bin/go')) ? '/usr/local/go/bin/go' : 'go';
  try {
    await mkdir(toolCache(), { recursive: true });
    await run(go, ['install', module], {
      env: { ...process.env, GOBIN: toolCache() },
      timeout: BUILD_TIMEOUT_MS,
    });
    return undefined;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return `install Go (https://go.dev/dl) and it is built with \`go install ${module}\`.`;
    }
    return `\`go install ${module}\` failed: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function isThere(file: string): Promise<boolean> {
  try {
    await access(file);
    return true;
  } catch {
    return false; // Absent or not ours to run: the same to us.
  }
}
