import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { runReport } from '@tapedeck/core';
import { reportAudience } from '@tapedeck/operator';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { file, reported } from './hand-report.ts';
import { findKubernetes } from './kubernetes.ts';
import { operatorNamespace } from './operator-rights.ts';
import { soon, useOperatorStage } from './operator-stage.ts';
import { makeTls } from './tls.ts';

const there = (await findKubernetes()) !== undefined;

const configMaps = z.object({
  items: z.array(z.object({ binaryData: z.record(z.string(), z.string()).optional() })),
});

describe.skipIf(!there)('the operator’s report endpoint, on a real API server', () => {
  const stage = useOperatorStage();
  beforeAll(async () => await stage.readyStorage('team'), 100_000);

  it('takes a report only from the live pod of its own run', async () => {
    await stage.applyRecording('guarded');
    await stage.applyRecording('other');
    const pod = await stage.startRun('guarded');
    const other = await stage.startRun('other');
    const run = String(pod.document.id);
    const body = reported(pod.document, 1);
    const token = await pod.token(reportAudience);
    const refused = async (...args: Parameters<typeof stage.post>) => {
      const answer = await stage.post(...args);
      return [answer.status, answer.body.code];
    };
    expect(await refused(run, undefined, body)).toEqual([401, 'NoToken']);
    expect(await refused(run, 'nonsense', body)).toEqual([401, 'ForeignToken']);
    expect(await refused(run, await pod.token('https://kubernetes.default.svc.cluster.local'), body)).toEqual(
      [401, 'ForeignToken'],
    );
    const [head = '', claims = '', signature = ''] = token.split('.');
    const forged = `${head}.${claims}.${[...signature].reverse().join('')}`;
    expect(await refused(run, forged, body)).toEqual([401, 'InvalidToken']);
    expect(await refused(run, stage.server.expired(token), body)).toEqual([401, 'ExpiredToken']);
    expect(await refused(run, await other.token(reportAudience), body)).toEqual([403, 'ForeignRun']);
    expect(await refused(run, token, { ...body, id: String(other.document.id) })).toEqual([400, 'BadReport']);
    expect(await refused(run, token, { hello: 'world' })).toEqual([400, 'BadReport']);
    // Each beside the recording whose pod the token names, once, and nothing beside the one that was only addressed.
    await vi.waitFor(async () => {
      const refusals = (await stage.events()).filter(({ message }) => message.startsWith('A report of'));
      expect(
        refusals.map(({ involvedObject: { name }, reason, count }) => [name, reason, count]).sort(),
      ).toEqual([
        ['guarded', 'BadReport', 1],
        ['guarded', 'ExpiredToken', 1],
        ['guarded', 'ForeignToken', 1],
        ['guarded', 'InvalidToken', 1],
        ['other', 'ForeignRun', 1],
      ]);
    }, soon);
    // The cause is gone, and nobody had to do anything.
    expect(await stage.post(run, token, body)).toMatchObject({ status: 200 });
    const late = await pod.token(reportAudience);
    await pod.remove();
    await vi.waitFor(
      async () => expect((await refused(run, late, body))[0]).toBeGreaterThanOrEqual(401),
      soon,
    );
    const metrics = await stage.metrics();
    expect(metrics).toMatch(/tapedeck_reports_total\{result="ForeignRun"\} 1/);
    expect(metrics).toMatch(/tapedeck_recordings\{phase="Pending"\} \d/);
    expect(stage.lines.join('\n')).not.toContain(token);
  }, 180_000);

  it('keeps to the contract in what it keeps', async () => {
    await stage.applyRecording('kept');
    const pod = await stage.startRun('kept');
    const open = reported(pod.document, 1, { files: [file(pod.document, 'Open')] });
    const answer = await stage.post(String(pod.document.id), await pod.token(reportAudience), open);
    expect(answer.status).toBe(200);
    const maps = await stage.server.kubectl(['-n', operatorNamespace, 'get', 'configmaps', '-o', 'json']);
    const { items } = configMaps.parse(JSON.parse(maps.stdout));
    const texts = items.flatMap(({ binaryData }) => Object.values(binaryData ?? {}));
    expect(texts.length).toBeGreaterThan(0);
    for (const text of texts) {
      runReport.parse(JSON.parse(gunzipSync(Buffer.from(text, 'base64')).toString('utf8')));
    }
  });

  it('gives runs the authorities as they are by then', async () => {
    const old = await readFile(path.join(stage.directory, 'ca.crt'), 'utf8');
    const { ca: authority } = await makeTls(path.join(stage.directory, 'next'), ['IP:127.0.0.1']);
    await writeFile(path.join(stage.directory, 'ca.crt'), `${old}${authority}`);
    await vi.waitFor(async () => {
      const name = `trusting-${Date.now()}`;
      await stage.applyRecording(name);
      const { metadata } = await stage.read('recordings', name);
      const job = await stage.kubelet.job(new RegExp(`^rec-${metadata.uid}-1$`));
      expect(JSON.stringify(job.spec.template.metadata)).toContain(JSON.stringify(authority).slice(1, -1));
    }, soon);
  }, 100_000);
});
