import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { root } from '../repo/checkout.ts';
import { type ApiServer, runProgram, startApiServer } from './api-server.ts';
import { findHelm } from './cluster.ts';
import { findKubernetes } from './kubernetes.ts';

const hookTimeoutMs = 25 * 60_000;
const chart = `${root}/charts/tapedeck`;
const helm = await findHelm();
const there = helm !== undefined && (await findKubernetes()) !== undefined;

interface Document {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly annotations?: object };
  readonly rules?: readonly { readonly resources: readonly string[] }[];
}

describe.skipIf(!there)('the chart', () => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await startApiServer();
    for (const name of ['tapedeck-system', 'lectures']) await server.kubectl(['create', 'namespace', name]);
  }, hookTimeoutMs);
  afterAll(async () => {
    await server?.stop();
  });

  const run = (...args: string[]) => runProgram(helm ?? '', args, undefined);
  const render = async (...values: string[]) => {
    const set = values.flatMap((value) => ['--set', value]);
    const { code, stdout, stderr } = await run(
      'template',
      'tapedeck',
      chart,
      '-n',
      'tapedeck-system',
      ...set,
    );
    expect(code, stderr).toBe(0);
    const documents = parseAllDocuments(stdout).flatMap((one) =>
      'toJS' in one ? [one.toJS() as Document] : [],
    );
    return { text: stdout, documents: documents.filter((one) => one !== null) };
  };

  it('keeps to what helm asks of one', async () => {
    const { code, stdout, stderr } = await run('lint', '--strict', chart);
    expect(code, `${stdout}${stderr}`).toBe(0);
  });

  it.each([
    ['as it is', []],
    ['for one namespace', ['watchNamespace=lectures']],
    [
      'without definitions, with a certificate of one’s own',
      ['crds.enabled=false', 'tls.existingSecret=mine'],
    ],
    [
      'with everything',
      ['defaultStorage=team', 'recorder.priorityClassName=live', 'recorder.nodeSelector.a=b'],
    ],
  ])('%s is taken by a real API server', async (_, values) => {
    const { text } = await render(...values);
    const args = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'];
    const { code, stderr } = await server.kubectl(args, text);
    expect(code, stderr).toBe(0);
  });

  it('gives rights in one namespace where it is for one', async () => {
    const { documents } = await render('watchNamespace=lectures');
    const wide = documents
      .filter(({ kind }) => kind === 'ClusterRoleBinding')
      .map(({ metadata }) => metadata.name);
    expect(wide).toEqual(['tapedeck-cluster']);
    const narrow = documents
      .filter(({ kind }) => kind === 'RoleBinding')
      .map(({ metadata }) => metadata.namespace);
    expect(narrow.sort()).toEqual(['lectures', 'tapedeck-system']);
  });

  it('never names Secrets among the rights of the operator', async () => {
    const { documents } = await render();
    const resources = documents.flatMap(({ rules = [] }) => rules.flatMap((rule) => rule.resources));
    expect(resources).toContain('recordings');
    expect(resources).not.toContain('secrets');
    expect(resources).not.toContain('*');
  });

  it('keeps its definitions when it goes, unless told otherwise', async () => {
    const kept = async (...values: string[]) =>
      (await render(...values)).documents
        .filter(({ kind }) => kind === 'CustomResourceDefinition')
        .map(({ metadata }) => JSON.stringify(metadata.annotations ?? {}).includes('keep'));
    expect(await kept()).toEqual([true, true, true, true]);
    expect(await kept('crds.keep=false')).toEqual([false, false, false, false]);
  });

  it.each([
    ['replicass=2', 'replicass'],
    ['replicas=0', 'replicas'],
    ['image.digest=latest', 'digest'],
    ['recorder.image.pullPolicy=Sometimes', 'pullPolicy'],
    ['watchNamespace=Not_A_Name', 'watchNamespace'],
  ])('refuses %s', async (value, words) => {
    const { code, stderr } = await run('template', 'tapedeck', chart, '--set', value);
    expect(code).not.toBe(0);
    expect(stderr).toContain(words);
  });
});
