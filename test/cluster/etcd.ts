import { execFile } from 'node:child_process';
import { access, mkdir, rename } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { toolCache } from '../servers/tool.ts';
import { recipe } from './kubernetes.ts';

const run = promisify(execFile);
/** As test/cluster/etcd/go.mod has it. */
const version = '3.6.6';
/** Cold it takes a minute and a half on two cores. */
const buildTimeoutMs = 10 * 60_000;

/**
 * The path of an etcd of the release that this Kubernetes is run with, built on first use (26 MB in the tool cache). What a
 * distribution has is good enough for tests, and too old for numbers: with less than 3.4.31 or 3.5.13 an API server answers
 * no list from its own memory. Rejects where Go is not there.
 */
export async function findEtcd(): Promise<string> {
  const file = path.join(toolCache(), `etcd-${version}`);
  const there = await access(file).then(
    () => true,
    () => false,
  );
  if (there) return file;
  await mkdir(toolCache(), { recursive: true });
  const part = `${file}.${process.pid}.part`;
  await run('go', ['build', '-trimpath', '-ldflags', '-s -w', '-o', part, '.'], {
    cwd: recipe('etcd'),
    env: { ...process.env, PATH: `${process.env.PATH}:/usr/local/go/bin`, CGO_ENABLED: '0' },
    timeout: buildTimeoutMs,
  });
  await rename(part, file);
  return file;
}
