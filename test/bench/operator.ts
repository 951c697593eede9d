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
import { findEtcd } from '../cluster/etcd.ts';
import { type HandRecorder, reportUntil, startHandRecorder } from '../cluster/hand-recorder.ts';
import { startOperatorGround } from '../cluster/operator-ground.ts';
import { countWrites, writtenBetween } from '../cluster/write-count.ts';
import { runBench } from './lib/bench.ts';
import { finishRecording, makeFinished, readPattern } from './lib/finished-crowd.ts';
import { type ProcessUsage, processUsage } from './lib/process-usage.ts';
import { startReporting } from './lib/reporting-crowd.ts';
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
/** Until runs that report have been heard of again, and from then on: two times the time between two writes of progress. */
const settleSeconds = 35;
const busySeconds = 60;
/** How often the progress of a run may be written into its status. */
const progressSeconds = 30;
const jobsPath = '/apis/batch/v1/namespaces/default/jobs';

/** The operator on a real API server without nodes, whose pods are played: how soon it acts, and what many cost. */
await runBench(
  `operator: ${burst} Recordings at once, ${finished} that have ended, ${running} that run`,
  async (after) => {
    const ground = await startOperatorGround({ etcd: await findEtcd() });
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

    // Of a run that reports nothing for a minute its status says so, once: only then nothing is left to say.
    const afterStart = await countWrites(server);
    const silenced = async () => writtenBetween(afterStart, await countWrites(server)).recordings ?? 0;
    while ((await silenced()) < running) await sleep(1000);
    await untilQuiet(server);
    const ofSilence = await silenced();

    const before = { writes: await countWrites(server), usage: await usageOf(second.pid) };
    await sleep(idleSeconds * 1000);
    const idle = await usageOf(second.pid);
    const ofIdle = writtenBetween(before.writes, await countWrites(server));

    const told = await measureTold(recorders[0], 'burst-0');
    const busy = await measureBusy();

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

    /** What the operator takes and writes while every running recording reports. */
    async function measureBusy() {
      const crowd = startReporting(recorders, second.reportPort);
      await sleep(settleSeconds * 1000);
      const from = {
        usage: await usageOf(second.pid),
        writes: await countWrites(server),
        at: performance.now(),
      };
      const before = { taken: crowd.taken, failed: crowd.failed };
      await sleep(busySeconds * 1000);
      const seconds = (performance.now() - from.at) / 1000;
      const usage = await usageOf(second.pid);
      const writes = writtenBetween(from.writes, await countWrites(server));
      const [reports, failed] = [crowd.taken - before.taken, crowd.failed - before.failed];
      await crowd.stop();
      const cpuSeconds = usage.cpuSeconds - from.usage.cpuSeconds;
      return { seconds, usage, writes, reports, failed, cpuSeconds };
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
      { name: 'memory, at its peak', value: mebibytes(idle.peakRssBytes), unit: 'MiB', most: 200 },
      {
        name: 'statuses written for each run that fell silent',
        value: ofSilence / running,
        unit: '',
        most: 1,
      },
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
      { name: `${running} that report: reports`, value: busy.reports / busy.seconds, unit: 'a second' },
      { name: `${running} that report: reports that were not taken`, value: busy.failed, unit: '' },
      {
        name: `${running} that report: CPU`,
        value: (100 * busy.cpuSeconds) / busy.seconds,
        unit: '% of a core',
      },
      {
        name: `${running} that report: CPU of a report`,
        value: (1000 * busy.cpuSeconds) / busy.reports,
        unit: 'ms',
      },
      {
        name: `${running} that report: statuses written of each in ${progressSeconds} s`,
        value: ((busy.writes.recordings ?? 0) * progressSeconds) / (running * busy.seconds),
        unit: '',
      },
      {
        name: `${running} that report: memory`,
        value: mebibytes(busy.usage.rssBytes),
        unit: 'MiB',
      },
    ] satisfies Measure[];
  },
);

async function usageOf(pid: number): Promise<ProcessUsage> {
  const usage = await processUsage(pid);
  if (usage === undefined) throw new Error('the operator ended');
  return usage;
}
