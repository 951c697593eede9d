import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { createReflector, openKubeApi } from '@tapedeck/kube-api';
import {
  crowdPath,
  inLanes,
  makeReadyStorage,
  makeRecording,
  mergePatch,
  mustCall,
  runJobs,
  untilQuiet,
} from '../cluster/crowd.ts';
import { type HandRecorder, reportUntil, startHandRecorder } from '../cluster/hand-recorder.ts';
import { startOperatorGround } from '../cluster/operator-ground.ts';
import { countWrites, writtenBetween } from '../cluster/write-count.ts';
import { runBench } from './lib/bench.ts';
import { finishRecording, makeFinished, readPattern } from './lib/finished-crowd.ts';
import { type ProcessUsage, processUsage } from './lib/process-usage.ts';
import { type Measure, median, percentile } from './lib/verdict.ts';

const { values } = parseArgs({
  options: {
    /** Recordings made one after the other, and all at once; those that have ended, and of the burst those that run. */
    single: { type: 'string', default: '100' },
    burst: { type: 'string', default: '1000' },
    finished: { type: 'string', default: '10000' },
    running: { type: 'string', default: '500' },
    /** Nothing happens for so long. */
    seconds: { type: 'string', default: '60' },
  },
});
const single = Number(values.single);
const burst = Number(values.burst);
const finished = Number(values.finished);
const running = Number(values.running);
const idleSeconds = Number(values.seconds);
/** Changes of spec.state, each at another moment between two reports. */
const changes = 20;
/** Every running recording reports as it is told to for so long. */
const busySeconds = 10;
const jobsPath = '/apis/batch/v1/namespaces/default/jobs';

/** The operator on a real API server without nodes, whose pods are played: how soon it acts, and what many cost. */
await runBench(
  `operator: ${burst} Recordings at once, ${finished} that have ended, ${running} that run`,
  async (after) => {
    const ground = await startOperatorGround();
    after(() => ground.stop());
    const { server, ca } = ground;
    const watching = new AbortController();
    after(async () => watching.abort());
    const jobs = createReflector({
      api: openKubeApi({ file: server.kubeconfig }),
      path: jobsPath,
      read: ({ metadata }) => metadata.name,
      onProblem: (event, details) => process.stderr.write(`${event} ${JSON.stringify(details)}\n`),
      signal: watching.signal,
    });
    await jobs.synced;

    const first = await ground.startOperator('first');
    await makeReadyStorage(server);

    /** Until a Job appears, from the moment that its Recording is asked for. */
    async function jobOf(name: string): Promise<{ readonly uid: string; readonly ms: number }> {
      const seen = Promise.withResolvers<number>();
      const times = new Map<string, number>();
      const begun = performance.now();
      let wanted: string | undefined;
      const end = jobs.subscribe((_, job) => {
        times.set(job, times.get(job) ?? performance.now());
        if (job === wanted) seen.resolve(performance.now());
      });
      const uid = await makeRecording(server, name);
      wanted = `rec-${uid}-1`;
      const at = times.get(wanted) ?? (await seen.promise);
      end();
      return { uid, ms: at - begun };
    }

    const latencies: number[] = [];
    const made: { readonly name: string; readonly uid: string }[] = [];
    for (let index = 0; index < single; index += 1) {
      const name = `single-${index}`;
      const { uid, ms } = await jobOf(name);
      latencies.push(ms);
      made.push({ name, uid });
    }

    const burstBegun = performance.now();
    const uids = await inLanes(burst, (index) => makeRecording(server, `burst-${index}`));
    while (jobs.size < single + burst) await sleep(50);
    const burstSeconds = (performance.now() - burstBegun) / 1000;
    await untilQuiet(server);
    const expected = new Set([...made.map(({ uid }) => uid), ...uids].map((uid) => `rec-${uid}-1`));
    const found = await runJobs(server);
    const strange = found.filter((name) => !expected.has(name)).length;
    const wrong = strange + expected.size - (found.length - strange);

    const recorders = await inLanes(running, async (index) => {
      const recorder = await startHandRecorder(server, ca, uids[index] ?? '');
      await recorder.report(first.reportPort);
      return recorder;
    });
    const [pattern] = made;
    const last = await startHandRecorder(server, ca, pattern?.uid ?? '');
    await last.finish(first.reportPort);
    await untilQuiet(server);
    const left = await readPattern(server, pattern?.name ?? '');
    await first.stop();

    // The rest of those that were made end too, and their Jobs go, as if the operator had seen them to their end.
    const rest = [
      ...made.slice(1),
      ...uids.slice(running).map((uid, index) => ({ uid, name: `burst-${running + index}` })),
    ];
    await inLanes(rest.length, async (index) => {
      const { name, uid } = rest[index] ?? { name: '', uid: '' };
      await finishRecording(server, left, name, uid);
      await mustCall(server, 'DELETE', `${jobsPath}/rec-${uid}-1`, { propagationPolicy: 'Background' });
    });
    await makeFinished(server, left, Math.max(0, finished - rest.length - 1));

    const beforeStart = await countWrites(server);
    const startBegun = performance.now();
    const second = await ground.startOperator('second');
    await second.ready();
    const syncedSeconds = (performance.now() - startBegun) / 1000;
    const startCpu = (await usageOf(second.pid)).cpuSeconds;
    while ((await second.metric('tapedeck_reconcile_total')) < finished + running) await sleep(100);
    const lookedSeconds = (performance.now() - startBegun) / 1000;
    await untilQuiet(server);
    const ofStart = writtenBetween(beforeStart, await countWrites(server));

    const before = { writes: await countWrites(server), usage: await usageOf(second.pid) };
    await sleep(idleSeconds * 1000);
    const idle = await usageOf(second.pid);
    const ofIdle = writtenBetween(before.writes, await countWrites(server));

    const told = await measureTold(recorders[0], 'burst-0');
    const busyCpu = await measureBusy();

    const third = await ground.startOperator('third');
    await third.ready();
    const killed = performance.now();
    await second.kill();
    await jobOf('after-the-kill');
    const takenSeconds = (performance.now() - killed) / 1000;

    async function measureTold(recorder: HandRecorder | undefined, name: string): Promise<number[]> {
      const delays: number[] = [];
      if (recorder === undefined) return delays;
      for (let change = 0; change < changes; change += 1) {
        const wanted = change % 2 === 0 ? 'Paused' : 'Recording';
        const heard = reportUntil(recorder, second.reportPort, wanted);
        await sleep(Math.random() * 1000);
        const asked = performance.now();
        await mergePatch(server, `${crowdPath}/recordings/${name}`, { spec: { state: wanted } });
        delays.push((await heard) - asked);
      }
      return delays;
    }

    /** CPU of the operator in cores while every running recording reports. */
    async function measureBusy(): Promise<number> {
      const begun = performance.now();
      const from = await usageOf(second.pid);
      await Promise.all(
        recorders.map(async (recorder) => {
          await sleep(Math.random() * 1000);
          while (performance.now() - begun < busySeconds * 1000) {
            const { intervalSeconds } = await recorder.report(second.reportPort);
            await sleep(intervalSeconds * 1000);
          }
        }),
      );
      const seconds = (performance.now() - begun) / 1000;
      return ((await usageOf(second.pid)).cpuSeconds - from.cpuSeconds) / seconds;
    }

    const mebibytes = (bytes: number) => bytes / 1024 ** 2;
    const sum = (counts: Readonly<Record<string, number>>) =>
      Object.values(counts).reduce((a, b) => a + b, 0);
    if (sum(ofIdle) > 0) process.stderr.write(`written when idle: ${JSON.stringify(ofIdle)}\n`);
    return [
      { name: 'Recording → Job, p50', value: median(latencies), unit: 'ms' },
      { name: 'Recording → Job, p99', value: percentile(latencies, 0.99), unit: 'ms', most: 300 },
      { name: `${burst} Recordings at once → their Jobs`, value: burstSeconds, unit: 's', most: 60 },
      { name: 'Jobs too many or too few', value: wrong, unit: '', most: 0 },
      { name: 'start → everything known', value: syncedSeconds, unit: 's', most: 5 },
      { name: 'start → everything known, its CPU time', value: startCpu, unit: 's' },
      { name: 'start → everything looked at', value: lookedSeconds, unit: 's' },
      { name: 'Jobs touched by the start', value: ofStart.jobs ?? 0, unit: '', most: 0 },
      { name: 'Recordings written by the start', value: ofStart.recordings ?? 0, unit: '', most: 0 },
      { name: 'memory', value: mebibytes(idle.rssBytes), unit: 'MiB', most: 200 },
      { name: 'memory, at its peak', value: mebibytes(idle.peakRssBytes), unit: 'MiB' },
      {
        name: `CPU when idle, ${idleSeconds} s`,
        value: (100 * (idle.cpuSeconds - before.usage.cpuSeconds)) / idleSeconds,
        unit: '% of a core',
        most: 2,
      },
      { name: 'writes when idle', value: sum(ofIdle), unit: '', most: 0 },
      { name: 'spec.state → recorder told, p50', value: median(told) / 1000, unit: 's' },
      { name: 'spec.state → recorder told, longest', value: Math.max(...told) / 1000, unit: 's', most: 1 },
      { name: 'leader killed → next Job', value: takenSeconds, unit: 's', most: 20 },
      { name: `CPU while ${running} report as they are told to`, value: 100 * busyCpu, unit: '% of a core' },
    ] satisfies Measure[];
  },
);

async function usageOf(pid: number): Promise<ProcessUsage> {
  const usage = await processUsage(pid);
  if (usage === undefined) throw new Error('the operator ended');
  return usage;
}
