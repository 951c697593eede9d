import { createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import {
  phaseIs,
  recordedSeconds,
  recordingManifest,
  smallTestCard,
  streamSource,
} from '../e2e/workbench.ts';
import { requireOrdinaryMp4 } from '../media/inspect.ts';
import { measureSync, worstOffset } from '../media/sync-meter.ts';
import { account, mostUntoldSeconds, seconds } from './account.ts';
import { localDestination } from './destination.ts';
import { leftovers } from './leftovers.ts';
import { processesOf, signalAll, untilGone } from './processes.ts';
import { stageEach } from './stage.ts';

/** A second or two, but where two cores do much else as well; and well below what a next attempt would take. */
const mostGapSeconds = 10;
/** Likewise; a source that says nothing is waited for four times as long. */
const goneMs = 15_000;

const stage = stageEach(localDestination);

async function roles(): Promise<string[]> {
  return (await processesOf(stage.bench.directory)).map(({ role }) => role).sort();
}

it('goes on in the same file when its ffmpeg is killed, with a gap', async () => {
  const file = await stage.bench.manifest(
    ...stage.destination.manifests,
    recordingManifest('encoded', 'place', smallTestCard),
  );
  const running = stage.bench.start('run', '-f', file);
  await stage.bench.until('encoded', recordedSeconds(5));
  const usual = ['Control', 'Encoder', 'Recorder'];
  expect(await roles()).toEqual(usual);
  expect(await signalAll(stage.bench.directory, ['Encoder'], 'SIGKILL')).toBe(1);
  const again = await stage.bench.until('encoded', (status) => status.gaps?.length === 1);
  await stage.bench.until('encoded', recordedSeconds(seconds(again.duration) + 5));
  expect(await roles()).toEqual(usual);
  await stage.bench.run(['stop', 'encoded']);
  expect(await running.exited).toBe(0);

  const status = await stage.bench.status('encoded');
  expect(status).toMatchObject({ phase: 'Uploaded', gaps: [{ reason: 'EncoderFailed' }] });
  expect(status.attempts).toHaveLength(1);
  expect(status.outputs).toHaveLength(1);
  const [output] = status.outputs ?? [];
  if (output === undefined) throw new Error('no output');
  const path = await stage.destination.fetch(output);
  const facts = await requireOrdinaryMp4(path);
  expect(Math.abs(facts.durationSeconds - seconds(output.duration))).toBeLessThan(0.1);
  const { gaps, untold } = account(status, facts.durationSeconds);
  expect(gaps).toBeLessThan(mostGapSeconds);
  expect(Math.abs(untold)).toBeLessThan(mostUntoldSeconds);
  const marks = await measureSync(path);
  expect(marks.length).toBeGreaterThanOrEqual(Math.floor(facts.durationSeconds) - 3);
  expect(worstOffset(marks)).toBeLessThanOrEqual(40);
  expect(await leftovers(stage.bench, { destination: stage.destination, outputs: status.outputs })).toEqual(
    [],
  );
});

/** Takes connections and says nothing. */
async function silentServer(): Promise<{ url: string; connected(): number; close(): void }> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return {
    url: `rtmp://127.0.0.1:${address.port}/live/nothing`,
    connected: () => sockets.size,
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

it('leaves no child behind when the recorder is killed while its source says nothing', async () => {
  const server = await silentServer();
  try {
    const file = await stage.bench.manifest(
      ...stage.destination.manifests,
      recordingManifest('silent', 'place', streamSource(server.url, { startTimeout: '60s' })),
    );
    const running = stage.bench.start('run', '-f', file);
    const deadline = Date.now() + 50_000;
    while (server.connected() === 0 && Date.now() < deadline) await sleep(100);
    expect(server.connected()).toBeGreaterThan(0);
    expect(await roles()).toContain('Recorder');
    await running.kill();
    expect(await signalAll(stage.bench.directory, ['Recorder'], 'SIGKILL')).toBe(1);
    await untilGone(stage.bench.directory, ['Encoder', 'Probe', 'Other'], goneMs);
  } finally {
    server.close();
  }
});

it('is stopped in the middle of waiting for a source that says nothing', async () => {
  const server = await silentServer();
  try {
    const file = await stage.bench.manifest(
      ...stage.destination.manifests,
      recordingManifest('waiting', 'place', streamSource(server.url, { startTimeout: '60s' })),
    );
    const running = stage.bench.start('run', '-f', file);
    const deadline = Date.now() + 50_000;
    while (server.connected() === 0 && Date.now() < deadline) await sleep(100);
    expect(server.connected()).toBeGreaterThan(0);
    const stoppedAt = Date.now();
    await stage.bench.run(['stop', 'waiting']);
    expect(await running.exited).toBe(1);
    expect(Date.now() - stoppedAt).toBeLessThan(30_000);
    const status = await stage.bench.until('waiting', phaseIs('Failed'));
    expect(status.conditions?.find(({ type }) => type === 'Failed')?.reason).toBe('NothingRecorded');
    expect(await leftovers(stage.bench, { destination: stage.destination, outputs: [] })).toEqual([]);
  } finally {
    server.close();
  }
});
