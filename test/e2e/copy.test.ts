import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import type { RecordingCopyStatus } from '@tapedeck/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signalAll } from '../chaos/processes.ts';
import { runChild } from '../media/child.ts';
import { decodeAll, requireOrdinaryMp4 } from '../media/inspect.ts';
import { root } from '../repo/checkout.ts';
import { openBucket } from '../servers/bucket.ts';
import { type FaultProxy, startFaultProxy } from '../servers/fault-proxy.ts';
import { findVersityGw, startVersityGw, type VersityGw } from '../servers/versitygw.ts';
import {
  createWorkbench,
  localStorageManifest,
  phaseIs,
  recordingManifest,
  s3StorageManifests,
  streamSource,
  type Workbench,
} from './workbench.ts';

const MiB = 1024 * 1024;
const there = (await findVersityGw()) !== undefined;

/** Some 20 MB of noise that looks like video to everybody: four parts and more. */
async function noisyClip(path: string): Promise<void> {
  const noise = 'testsrc2=s=640x360:r=30:d=9,noise=alls=60:allf=t';
  const video = ['-c:v', 'libx264', '-preset', 'ultrafast', '-bf', '0', '-g', '30', '-pix_fmt', 'yuv420p'];
  const rate = ['-b:v', '20M', '-minrate', '20M', '-maxrate', '20M', '-bufsize', '20M'];
  const sound = ['-f', 'lavfi', '-i', 'sine=d=9', '-c:a', 'aac'];
  await runChild('ffmpeg', ['-v', 'error', '-f', 'lavfi', '-i', noise, ...sound, ...video, ...rate, path]);
}

const copyManifest = (name: string, recording: string, storage: string, directory?: string) => ({
  apiVersion: 'tapedeck.dev/v1alpha1',
  kind: 'RecordingCopy',
  metadata: { name },
  spec: { recordingRef: { name: recording }, storage: { name: storage }, directory },
});

describe.skipIf(!there)('copying a finished recording to another storage', () => {
  let server: VersityGw;
  let proxy: FaultProxy;
  let bench: Workbench;

  async function copyStatus(name: string): Promise<RecordingCopyStatus> {
    const text = await bench.run(['get', 'recc', name, '-o', 'json']);
    return (JSON.parse(text) as { status?: RecordingCopyStatus }).status ?? {};
  }
  async function until(name: string, wanted: (status: RecordingCopyStatus) => boolean) {
    const deadline = Date.now() + 60_000;
    for (;;) {
      const status = await copyStatus(name);
      if (wanted(status)) return status;
      if (Date.now() > deadline) throw new Error(`copy ${name} stayed ${JSON.stringify(status, null, 1)}`);
      await sleep(200);
    }
  }
  /** Parts that the newest report on disk says are in the storage. */
  async function journaledParts(): Promise<number[]> {
    const runs = join(bench.directory, 'data/runs');
    for (const run of await readdir(runs)) {
      const text = await readFile(join(runs, run, 'result.json'), 'utf8').catch(() => '{}');
      const report = JSON.parse(text) as { files?: { journal?: { parts: { number: number }[] } }[] };
      const parts = report.files?.[0]?.journal?.parts;
      if (parts !== undefined) return parts.map(({ number }) => number);
    }
    return [];
  }
  const puts = (from = 0) =>
    proxy.requests
      .slice(from)
      .flatMap(({ method, path }) => (method === 'PUT' ? [/partNumber=(\d+)/.exec(path)?.[1]] : []))
      .flatMap((number) => (number === undefined ? [] : [Number(number)]));
  const reads = (from = 0) => proxy.requests.slice(from).filter(({ method }) => method === 'GET').length;

  beforeAll(async () => {
    server = await startVersityGw();
    proxy = await startFaultProxy(server.endpoint);
    bench = await createWorkbench();
    await noisyClip(join(bench.directory, 'clip.mp4'));
    const clip = streamSource('./clip.mp4');
    const file = await bench.manifest(
      localStorageManifest('disk', join(bench.directory, 'disk')),
      ...s3StorageManifests('bucket', { ...server, endpoint: proxy.endpoint }),
      recordingManifest('on-disk', 'disk', clip),
      recordingManifest('in-bucket', 'bucket', clip),
    );
    await bench.startControl();
    await bench.run(['apply', '-f', file]);
    await bench.until('on-disk', phaseIs('Uploaded'), 90_000);
    await bench.until('in-bucket', phaseIs('Uploaded'), 90_000);
  }, 180_000);
  afterAll(async () => {
    await bench?.close();
    await proxy?.close();
    await server?.stop();
  });

  it('goes on after kill -9 where it was, from a directory to a bucket', async () => {
    const from = proxy.requests.length;
    proxy.inject({
      fault: { type: 'Delay', ms: 1_000 },
      matches: ({ method, path }) => method === 'PUT' && /partNumber=[3-9]/.test(path),
    });
    await bench.run(['apply', '-f', await bench.manifest(copyManifest('up', 'on-disk', 'bucket', 'in'))]);
    await until('up', ({ progress }) => (progress?.bytesCopied ?? 0) >= 2 * 5 * MiB);
    expect(await signalAll(bench.directory, ['Recorder'], 'SIGKILL')).toBe(1);
    const held = await journaledParts();
    const killed = proxy.requests.length;
    expect(held).toEqual(expect.arrayContaining([1, 2]));
    proxy.clear();
    const status = await until('up', phaseIs('Uploaded', 'Failed'));
    expect(status).toMatchObject({
      phase: 'Uploaded',
      attempts: [{ reason: 'Killed' }, { reason: 'Complete' }],
    });
    expect(puts(killed).filter((number) => held.includes(number))).toEqual([]);
    const all = new Set(puts(from));
    expect([...all].sort((a, b) => a - b)).toEqual([...all].map((_, index) => index + 1));

    const [source] = (await bench.status('on-disk')).outputs ?? [];
    const [output] = status.outputs ?? [];
    if (source === undefined || output === undefined) throw new Error('no output');
    expect(output).toMatchObject({ bytes: source.bytes, crc32: source.crc32, storage: 'bucket' });
    expect(output.key).toBe(`in/${source.key.slice(source.key.lastIndexOf('/') + 1)}`);
    expect(status.progress).toEqual({ bytesCopied: source.bytes, bytesTotal: source.bytes });
    const copy = join(server.directory, server.bucket, output.key);
    expect(
      crc32(await readFile(copy))
        .toString(16)
        .padStart(8, '0'),
    ).toBe(source.crc32);
    await requireOrdinaryMp4(copy);
    await decodeAll(copy);
  }, 120_000);

  it('goes on after kill -9 where it was, from a bucket to a directory', async () => {
    // Parts are read side by side: two in three arrive, and are told, while the third is waited for.
    proxy.inject({
      fault: { type: 'Delay', ms: 8_000 },
      matches: ({ method }) => method === 'GET',
      every: 3,
    });
    await bench.run(['apply', '-f', await bench.manifest(copyManifest('down', 'in-bucket', 'disk', 'out'))]);
    await until('down', ({ progress }) => (progress?.bytesCopied ?? 0) >= 5 * MiB);
    expect(await signalAll(bench.directory, ['Recorder'], 'SIGKILL')).toBe(1);
    const held = await journaledParts();
    expect(held.length).toBeGreaterThan(0);
    const killed = proxy.requests.length;
    proxy.clear();
    const status = await until('down', phaseIs('Uploaded', 'Failed'));
    expect(status).toMatchObject({
      phase: 'Uploaded',
      attempts: [{ reason: 'Killed' }, { reason: 'Complete' }],
    });
    const [output] = status.outputs ?? [];
    if (output?.url === undefined) throw new Error('no output');
    // A byte to see that it can be read, and each part that was not there yet.
    expect(reads(killed)).toBe(1 + Math.ceil(output.bytes / (5 * MiB)) - held.length);
    await decodeAll(fileURLToPath(output.url));
  }, 120_000);

  it('says why it cannot copy, each time with another reason', async () => {
    const [source] = (await bench.status('on-disk')).outputs ?? [];
    if (source?.url === undefined) throw new Error('no output');
    const name = source.key.slice(source.key.lastIndexOf('/') + 1);
    await bench.run(['apply', '-f', await bench.manifest(copyManifest('again', 'on-disk', 'bucket', 'in'))]);
    expect(await until('again', phaseIs('Uploaded', 'Failed'))).toMatchObject({
      phase: 'Uploaded',
      notices: [{ reason: 'AlreadyCopied' }],
    });
    await writeFile(join(server.directory, server.bucket, 'in', name), 'something else');
    await bench.run(['apply', '-f', await bench.manifest(copyManifest('taken', 'on-disk', 'bucket', 'in'))]);
    expect(await until('taken', phaseIs('Uploaded', 'Failed'))).toMatchObject(
      failedWith('AlreadyExists', /is there already, with 14 bytes/),
    );
    const path = fileURLToPath(source.url);
    const bytes = await readFile(path);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await writeFile(path, bytes);
    await bench.run(['apply', '-f', await bench.manifest(copyManifest('rotten', 'on-disk', 'bucket', 'b'))]);
    expect(await until('rotten', phaseIs('Uploaded', 'Failed'))).toMatchObject(
      failedWith('ChecksumMismatch', /Nothing was completed/),
    );
    await rm(path);
    await bench.run(['apply', '-f', await bench.manifest(copyManifest('gone', 'on-disk', 'bucket', 'c'))]);
    expect(await until('gone', phaseIs('Uploaded', 'Failed'))).toMatchObject(
      failedWith('SourceNotFound', /cannot be read from storage disk/),
    );
    await bench.run(['apply', '-f', await bench.manifest(copyManifest('early', 'nothing', 'bucket'))]);
    const early = await until('early', ({ conditions }) => conditions !== undefined);
    expect(early.phase).toBe('Pending');
    expect(early.conditions?.[0]).toMatchObject({ reason: 'NotFound' });
    expect(await bench.run(['describe', 'recc', 'gone'])).toContain('SourceNotFound');
    await bench.run(['delete', 'recc', 'gone', 'early']);
    expect(await readdir(join(server.directory, server.bucket))).not.toContain('b');
  }, 120_000);

  it('drops its unfinished upload when it is deleted', async () => {
    proxy.inject({
      fault: { type: 'Delay', ms: 2_000 },
      matches: ({ method, path }) => method === 'PUT' && /partNumber=[2-9]/.test(path),
    });
    await bench.run([
      'apply',
      '-f',
      await bench.manifest(copyManifest('unwanted', 'in-bucket', 'bucket', 'd')),
    ]);
    await until('unwanted', ({ progress }) => (progress?.bytesCopied ?? 0) > 0);
    await bench.run(['delete', 'recc', 'unwanted']);
    const deadline = Date.now() + 30_000;
    const isGone = async () => (await bench.start('get', 'recc', 'unwanted').exited) === 3;
    while (!(await isGone())) {
      expect(Date.now()).toBeLessThan(deadline);
      await sleep(200);
    }
    const ids = (wanted: string) =>
      proxy.requests.flatMap(({ method, path }) =>
        method === wanted && path.includes('/d/') ? (/uploadId=([^&]+)/.exec(path)?.[1] ?? []) : [],
      );
    const [upload] = ids('PUT');
    // More than once where the server is still busy with a part.
    expect(new Set(ids('DELETE'))).toEqual(new Set([upload]));
    const bucket = openBucket(server);
    expect(await bucket.openUploads()).toEqual([]);
    bucket.close();
  }, 90_000);
});

describe.skipIf(!there)('the example of a copy', () => {
  it('records and copies in one go', async () => {
    await using resources = new AsyncDisposableStack();
    const server = await startVersityGw({ bucket: 'archive' });
    resources.defer(() => server.stop());
    const bench = await createWorkbench();
    resources.defer(() => bench.close());
    const { endpoint, region, accessKeyId, secretAccessKey } = server;
    const example = (await readFile(join(root, 'examples/copy.yaml'), 'utf8'))
      .replace('accessKeyId: REPLACE_ME', `accessKeyId: ${accessKeyId}`)
      .replace('secretAccessKey: REPLACE_ME', `secretAccessKey: ${secretAccessKey}`)
      .replace(
        'region: eu-central-1',
        `region: ${region}\n    endpoint: ${endpoint}\n    forcePathStyle: true`,
      );
    const path = join(bench.directory, 'copy.yaml');
    await writeFile(path, example);
    const said = await bench.run(['run', '-f', path]);
    expect(said).toMatch(/recordingcopy\.tapedeck\.dev\/lecture-archive is complete/);
    const [name] = await readdir(join(server.directory, 'archive/lectures'));
    if (name === undefined) throw new Error('no copy');
    expect(said).toContain(`s3://archive/lectures/${name}`);
    await requireOrdinaryMp4(join(server.directory, 'archive/lectures', name));
    const others = example.split(/^---$/m).filter((each) => !/^kind: Recording(Copy)?$/m.test(each));
    const again = JSON.stringify(copyManifest('again', 'lecture', 'long-term', 'again'));
    await writeFile(path, [...others, `\n${again}\n`].join('---'));
    expect(await bench.run(['run', '-f', path])).toContain(`s3://archive/again/${name}`);
  }, 90_000);
});

const failedWith = (reason: string, message: RegExp) => ({
  phase: 'Failed',
  conditions: expect.arrayContaining([
    expect.objectContaining({
      type: 'Failed',
      status: 'True',
      reason,
      message: expect.stringMatching(message),
    }),
  ]),
});
