import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunReport } from '@tapedeck/core';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createReportChannel } from './report-channel.ts';
import { createReportEndpoint, parseReportUrl } from './report-endpoint.ts';

const report: RunReport = {
  version: 1,
  id: 'u-1',
  sequence: 1,
  time: '2026-11-21T09:00:00.000Z',
  state: 'Recording',
  progress: { durationSeconds: 1, bytesRecorded: 1, bytesUploaded: 1, lagSeconds: 0, bitrate: 8 },
  files: [],
  gaps: [],
  pauses: [],
  notices: [],
};
const log = { info: vi.fn(), warn: vi.fn() };

let directory: string;
let server: Server;
let answer: { status: number; body: string };
let received: unknown[];
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapedeck-channel-'));
  received = [];
  answer = { status: 200, body: JSON.stringify({ desired: 'Paused', intervalSeconds: 0.05 }) };
  server = createServer((request, response) => {
    request.on('data', (chunk: Buffer) => received.push(JSON.parse(chunk.toString())));
    request.on('end', () => response.writeHead(answer.status).end(answer.body));
  });
  await new Promise<void>((resolve) => server.listen(join(directory, 's'), resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true, force: true });
});

const open = (onDesired: (desired: string) => void = () => undefined) =>
  createReportChannel({
    send: createReportEndpoint({ url: `unix:${join(directory, 's')}:/runs/u-1/report` }),
    report: () => report,
    onDesired,
    log,
  });

it('reports over a Unix socket, at the pace and to the state of the answer', async () => {
  const desired: string[] = [];
  const channel = open((state) => desired.push(state));
  expect(await channel.flush()).toBe(true);
  await vi.waitFor(() => expect(received.length).toBeGreaterThanOrEqual(3));
  expect(received[0]).toEqual(report);
  expect(desired[0]).toBe('Paused');
  expect(channel.silentMs).toBeLessThan(2_000);
  await channel.close();
  const after = received.length;
  await new Promise((resolve) => setTimeout(resolve, 150));
  expect(received.length).toBe(after);
});

it.each([
  ['an error', { status: 503, body: 'away' }],
  ['what is no answer to a report', { status: 200, body: '{"desired":"Dancing"}' }],
  ['more than an answer can be', { status: 200, body: ' '.repeat(100_000) }],
])('counts %s as unreachable, and says so once', async (_, given) => {
  answer = given;
  log.warn.mockClear();
  const channel = open();
  expect(await channel.flush()).toBe(false);
  expect(await channel.flush()).toBe(false);
  expect(log.warn).toHaveBeenCalledTimes(1);
  await channel.close();
});

it('answers all who ask during a call with one call after it', async () => {
  const { promise: slow, resolve: answered } = Promise.withResolvers<void>();
  let calls = 0;
  const channel = createReportChannel({
    send: async () => {
      calls += 1;
      await slow;
      return { desired: 'Recording', intervalSeconds: 60 };
    },
    report: () => report,
    onDesired: () => undefined,
    log,
  });
  const first = channel.flush();
  await vi.waitFor(() => expect(calls).toBe(1));
  const others = Array.from({ length: 100 }, () => channel.flush());
  answered();
  expect(await Promise.all([first, ...others])).toEqual(Array(101).fill(true));
  expect(calls).toBe(2);
  await channel.close();
});

it('without anybody to report to, everything counts as kept', async () => {
  const channel = createReportChannel({
    send: undefined,
    report: () => report,
    onDesired: () => undefined,
    log,
  });
  expect(await channel.flush()).toBe(true);
  expect(channel.silentMs).toBe(0);
  await channel.close();
});

it('reads both kinds of address, and no other', () => {
  expect(parseReportUrl('unix:/run/t.sock:/runs/a/report')).toEqual({
    socketPath: '/run/t.sock',
    path: '/runs/a/report',
  });
  expect(parseReportUrl('https://operator:8443/runs/a')).toEqual({
    url: new URL('https://operator:8443/runs/a'),
  });
  expect(() => parseReportUrl('ftp://x/y')).toThrow('neither http');
});
