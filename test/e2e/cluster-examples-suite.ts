import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { RecordingStatus } from '@tapedeck/core';
import { expect, it, vi } from 'vitest';
import { requireOrdinaryMp4 } from '../media/inspect.ts';
import type { ClusterStage } from './cluster-stage.ts';
import { type ExampleGround, findExampleServers, openExampleGround } from './example-ground.ts';
import { createWorkbench } from './workbench.ts';

const namespace = 'examples';
/** Of those that the examples themselves do not end, and what may be lost of it where two cores start all at once. */
const leastSeconds = 3;

/** Twenty pods at once, on two cores that do something else as well. */
const eventually = { timeout: 240_000, interval: 100 };

/** The examples, all of them at once; then the same bytes without a cluster. */
export function testExamples(stage: ClusterStage): void {
  it('records and copies as the examples say, and the command does by the same file', async ({ skip }) => {
    const host = stage.cluster.node?.host ?? skip('at what address a given cluster reaches us is not known');
    if (!(await findExampleServers())) skip('a server of the examples is missing');
    await using resources = new AsyncDisposableStack();
    const ground = await openExampleGround(host);
    resources.defer(() => ground.close());
    const directory = path.join(stage.directory, 'examples');
    await ground.write(directory);
    const file = path.join(stage.directory, 'examples.yaml');
    await writeFile(file, await stage.cluster.must(['kustomize', directory]), { mode: 0o600 });

    const must = (...args: string[]) => stage.cluster.must(['-n', namespace, ...args]);
    await stage.cluster.must(['create', 'namespace', namespace]);
    resources.defer(async () => {
      await stage.cluster.must(['delete', 'namespace', namespace, '--wait=false']);
    });
    await must('apply', '-f', file);
    const began = performance.now();
    const took = () => ((performance.now() - began) / 1000).toFixed(0);
    const wait = ['wait', '--for=condition=Complete', '--timeout=5s', 'recordings,recordingcopies', '--all'];
    await vi.waitFor(async () => {
      const { code } = await stage.cluster.kubectl(['-n', namespace, ...wait]);
      expect(code, await must('get', 'externalstorages,recordings,recordingcopies')).toBe(0);
    }, eventually);
    const onCluster = took();
    await requireAll(ground, 1, (name) => stage.statusOf(name, namespace));

    const bench = await createWorkbench({ env: { TAPEDECK_PAGE_VISIT: host } });
    resources.defer(() => bench.close());
    await bench.run(['run', '-f', file]);
    process.stderr.write(`the examples took ${onCluster} s on the cluster, ${took()} s with the command\n`);
    await requireAll(ground, 2, bench.status);
    // As long for the command as for the cluster, and a minute and a half each time for reading all the files.
  }, 660_000);
}

/** Every recording plays, and there are so many copies, one of which is the lecture's file. */
async function requireAll(
  ground: ExampleGround,
  copies: number,
  statusOf: (name: string) => Promise<RecordingStatus>,
): Promise<void> {
  for (const name of ground.recordings) {
    const status = await statusOf(name);
    expect(status.phase, name).toBe('Uploaded');
    const files = await ground.fetch(status);
    expect(files, name).toHaveLength(1);
    for (const one of files) {
      expect((await requireOrdinaryMp4(one)).durationSeconds, name).toBeGreaterThan(leastSeconds);
    }
  }
  const [lecture = ''] = await ground.fetch(await statusOf('lecture'));
  const original = await readFile(lecture);
  const copied = await Promise.all((await ground.copies()).map((one) => readFile(one)));
  expect(copied).toHaveLength(copies);
  expect(copied.some((one) => one.equals(original))).toBe(true);
}
