import { parseFlags, parseSettings } from '@tapedeck/operator';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments, stringify } from 'yaml';
import { z } from 'zod';
import { root } from '../repo/checkout.ts';
import { type ApiServer, runProgram, startApiServer } from './api-server.ts';
import { findHelm } from './cluster.ts';
import { isForeign, type Manifest, validateForeign } from './foreign-kinds.ts';
import { findKubernetes } from './kubernetes.ts';

const hookTimeoutMs = 25 * 60_000;
const chart = `${root}/charts/tapedeck`;
const helm = await findHelm();
const there = helm !== undefined && (await findKubernetes()) !== undefined;

interface Document extends Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly annotations?: object };
  readonly rules?: readonly { readonly resources: readonly string[] }[];
}

/** What the tests read of the operator's Deployment. */
const labels = z.record(z.string(), z.string());
const deployment = z.object({
  spec: z.object({
    selector: z.object({ matchLabels: labels }),
    template: z.object({
      metadata: z.object({ labels, annotations: labels }),
      spec: z.object({ containers: z.array(z.object({ args: z.array(z.string()) })) }),
    }),
  }),
});

const prometheusRule = z.object({
  spec: z.object({
    groups: z.array(z.object({ rules: z.array(z.object({ alert: z.string(), expr: z.string() })) })),
  }),
});

describe.skipIf(!there)('the chart', () => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await startApiServer();
    for (const name of ['tapedeck-system', 'lectures']) await server.kubectl(['create', 'namespace', name]);
    // A pod is looked at only where its account is, and nothing here is applied for good.
    await server.kubectl(['-n', 'tapedeck-system', 'create', 'serviceaccount', 'tapedeck-test']);
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
    ['for some namespaces', ['watchNamespaces={lectures,tapedeck-system}']],
    [
      'without definitions, with a certificate of one’s own',
      ['crds.enabled=false', 'tls.existingSecret=mine'],
    ],
    [
      'with everything',
      [
        ...['defaultStorage=team', 'recorder.priorityClassName=live', 'recorder.nodeSelector.a=b'],
        ...['dashboard.enabled=true', 'podLabels.a=b', 'priorityClassName=high', 'test.storage=team'],
        ...['recorder.serviceAccounts[0].name=recorder', 'recorder.serviceAccounts[0].namespace=lectures'],
        ...['recorder.serviceAccounts[0].annotations.eks\\.amazonaws\\.com/role-arn=arn:aws:iam::1:role/r'],
        ...['extraObjects[0].apiVersion=v1', 'extraObjects[0].kind=ConfigMap'],
        ...['extraObjects[0].metadata.name=more-{{ .Release.Name }}', 'networkPolicy.recorder.enabled=false'],
      ],
    ],
    [
      'without rights and policies',
      ['rbac.create=false', 'rbac.aggregate=false', 'networkPolicy.enabled=false'],
    ],
  ])('%s is taken by a real API server', async (_, values) => {
    const { text } = await render(...values);
    const args = ['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'];
    const { code, stderr } = await server.kubectl(args, text);
    expect(code, stderr).toBe(0);
  });

  const named = (documents: readonly Document[], kind: string) =>
    documents
      .filter((one) => one.kind === kind)
      .map(({ metadata }) => [metadata.namespace, metadata.name].filter(Boolean).join('/'))
      .sort();

  it('gives rights in the namespaces that it is for, and asks the cluster for tokens alone', async () => {
    const { documents } = await render('watchNamespaces={lectures,seminars}');
    expect(named(documents, 'ClusterRoleBinding')).toEqual(['tapedeck-cluster']);
    expect(named(documents, 'RoleBinding')).toEqual([
      'lectures/tapedeck-test',
      'lectures/tapedeck-watched',
      'seminars/tapedeck-watched',
      'tapedeck-system/tapedeck',
    ]);
  });

  it.each([
    ['all-namespaces', []],
    ['listed-namespaces', ['watchNamespaces={lectures,seminars}']],
  ])('gives the rights that it gave: %s', async (name, values) => {
    const { documents } = await render(...values);
    const rights = documents
      .filter(({ kind }) => /Role|ServiceAccount/.test(kind))
      // Labels and hooks are no rights.
      .map(({ metadata: { name: named, namespace }, ...rest }) => ({
        ...rest,
        metadata: { name: named, ...(namespace === undefined ? {} : { namespace }) },
      }));
    const text = rights.map((one) => stringify(one, { lineWidth: 0 })).join('---\n');
    await expect(text).toMatchFileSnapshot(`golden/rights-${name}.golden`);
  });

  it('makes no roles where somebody else does', async () => {
    const { documents } = await render('rbac.create=false', 'rbac.aggregate=false');
    expect(named(documents, 'ClusterRole')).toEqual([]);
    expect(named(documents, 'Role')).toEqual(['tapedeck-system/tapedeck-test']);
  });

  it.each([
    ['as it is', true, []],
    ['without policies for recorders', false, ['networkPolicy.recorder.enabled=false']],
  ])('%s, may write policies: %s', async (_, may, values) => {
    const { documents, text } = await render(...values);
    const resources = documents.flatMap(({ rules = [] }) => rules.flatMap((rule) => rule.resources));
    expect(resources.includes('networkpolicies')).toBe(may);
    expect(text.includes('\\"network\\":{\\"blocked\\"')).toBe(may);
  });

  it('has a configuration that the operator takes', async () => {
    const { text } = await render('watchNamespaces={lectures}', 'networkPolicy.recorder.identity=false');
    const config = /^ {2}config.json: (.+)$/m.exec(text)?.[1] ?? '';
    expect(parseSettings(JSON.parse(config) as string)).toMatchObject({
      watchNamespaces: ['lectures'],
      recorder: { network: { identity: false, blocked: expect.arrayContaining(['169.254.0.0/16']) } },
    });
  });

  const operatorPod = async (...values: string[]) => {
    const { documents } = await render(...values);
    return deployment.parse(documents.find(({ kind }) => kind === 'Deployment')).spec;
  };

  it('blocks for recorders what the operator would by itself', async () => {
    const { text } = await render();
    const config = /^ {2}config.json: (.+)$/m.exec(text)?.[1] ?? '';
    const recorder = { image: 'tapedeck/recorder:x', network: {} };
    const byItself = parseSettings(JSON.stringify({ recorder })).recorder.network?.blocked;
    expect(parseSettings(JSON.parse(config) as string).recorder.network?.blocked).toEqual(byItself);
  });

  it('keeps the labels that it selects its pods by, whatever labels they are given', async () => {
    const { selector, template } = await operatorPod(
      ...['podLabels.team=av', 'podLabels.app\\.kubernetes\\.io/name=mine'],
      ...['podAnnotations.checksum/config=mine', 'podAnnotations.a=b'],
    );
    expect(template.metadata.labels).toMatchObject({ ...selector.matchLabels, team: 'av' });
    expect(template.metadata.annotations).toEqual({
      a: 'b',
      'checksum/config': expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('hands its operator the options that it is given', async () => {
    const { template } = await operatorPod('extraArgs={--default-storage=team,--progress-interval=5}');
    const [config, ...options] = template.spec.containers[0]?.args ?? [];
    expect(config).toBe('/etc/tapedeck/config/config.json');
    expect(options).toEqual(['--default-storage=team', '--progress-interval=5']);
    const recorder = { image: 'tapedeck/recorder:x' };
    expect(parseSettings(JSON.stringify({ recorder }), parseFlags(options))).toMatchObject({
      defaultStorage: 'team',
      progressInterval: 5,
    });
  });

  it('brings alerts and a dashboard where it is asked to', async () => {
    expect(named((await render()).documents, 'PrometheusRule')).toEqual([]);
    const values = ['prometheusRule.enabled=true', 'prometheusRule.labels.release=kube-prometheus'];
    const { documents, text } = await render(
      ...values,
      ...['dashboard.enabled=true', 'serviceMonitor.enabled=true', 'serviceMonitor.labels.a=b'],
    );
    const foreign = documents.filter(isForeign);
    expect(foreign.map(({ kind }) => kind).sort()).toEqual(['PrometheusRule', 'ServiceMonitor']);
    foreign.forEach(validateForeign);
    expect(named(documents, 'PrometheusRule')).toEqual(['tapedeck-system/tapedeck']);
    expect(text).toContain('release: kube-prometheus');
    const { groups } = prometheusRule.parse(documents.find(({ kind }) => kind === 'PrometheusRule')).spec;
    const asked = groups.flatMap(({ rules }) =>
      rules.flatMap(({ expr }) => expr.match(/tapedeck_.*?[^a-z_].*?[,})]/g)),
    );
    expect(asked.length).toBeGreaterThan(12);
    // Its own release alone.
    for (const series of asked) expect(series).toMatch(/^tapedeck_[a-z_]+\{namespace="tapedeck-system"[,}]/);
    // Prometheus' own templates are left to Prometheus.
    expect(text).toContain('{{ $labels.reason }}');
    const boards = documents.filter(({ metadata }) => metadata.name === 'tapedeck-dashboard');
    expect(boards).toMatchObject([{ metadata: { labels: { grafana_dashboard: '1' } } }]);
  });

  it('says of each value what it is, in its README and in its schema', async () => {
    const script = `${root}/scripts/generate-chart-values.mjs`;
    const { code, stderr } = await runProgram(process.execPath, [script, '--check'], undefined);
    expect(code, stderr).toBe(0);
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
    ['imagePullSecrets={pull}', 'imagePullSecrets'],
    ['recorder.imagePullSecrets={pull}', 'imagePullSecrets'],
    ['watchNamespaces={Not_A_Name}', 'watchNamespaces'],
    ['networkPolicy.recorder.blocked={10.0.0.1}', 'blocked'],
    ['recorder.serviceAccounts[0].name=recorder', 'namespace'],
    ['test.seconds=0', 'seconds'],
  ])('refuses %s', async (value, words) => {
    const { code, stderr } = await run('template', 'tapedeck', chart, '--set', value);
    expect(code).not.toBe(0);
    expect(stderr).toContain(words);
  });
});
