import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { toLocalManifest } from './local-manifest.ts';
import { parseManifests, readManifests } from './manifest-file.ts';

const recording = `apiVersion: tapedeck.dev/v1alpha1
kind: Recording
metadata: {name: a}
spec:
  source: {type: TestCard}
`;

it('reads several documents and a list, and skips empty ones', () => {
  const list = `kind: List\nitems:\n${recording.replace(/^/gm, '    ').replace('    api', '  - api')}`;
  const { resources, problems } = parseManifests(`---\n${recording}---\n# nothing\n---\n${list}`, 'f.yaml');
  expect(problems).toEqual([]);
  expect(resources.map(({ metadata }) => metadata.name)).toEqual(['a', 'a']);
});

it.each([
  [
    'a misspelt key',
    `${recording}  storge: {refs: [{name: x}]}\n`,
    /^f\.yaml:6: spec\.storge: unknown key; did you mean spec\.storage\?$/,
  ],
  [
    'a wrong value',
    recording.replace('TestCard', 'Testcard'),
    /^f\.yaml:5: spec\.source\.type .*did you mean TestCard\?$/,
  ],
  [
    'something deep in a list',
    `${recording}  storage:\n    refs:\n      - {name: x}\n      - {nam: y}\n`,
    /^f\.yaml:9: spec\.storage\.refs\[1\]/,
  ],
  ['a missing key, at the nearest block', recording.replace('{name: a}', '{}'), /^f\.yaml:3: metadata\.name/],
  ['a second document', `${recording}---\n${recording}  nope: 1\n`, /^f\.yaml:12: spec\.nope/],
  ['no YAML', 'a: [1', /^f\.yaml:1:\d+: not YAML: /],
  ['a key twice', `${recording}spec: {}\n`, /^f\.yaml:6:1: not YAML: .*unique/],
  ['an unknown kind', 'apiVersion: v1\nkind: Recordng\n', /^f\.yaml:2: .*did you mean Recording\?/],
  ['an item of a list', `kind: List\nitems:\n  - {kind: Nope}\n`, /^f\.yaml:3: items\[0\]\.kind/],
])('says the line of %s', (_, text, expected) => {
  const { problems } = parseManifests(text, 'f.yaml');
  expect(problems[0]).toMatch(expected);
});

it('gives up on aliases that grow without bounds', () => {
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
  for (const [name, of] of ['ba', 'cb', 'dc', 'ed', 'fe']) {
    bomb.push(`${name}: &${name} [${Array(9).fill(`*${of}`).join(',')}]`);
  }
  expect(parseManifests(bomb.join('\n'), 'f').problems[0]).toMatch(/alias/i);
});

it('reads standard input and tells what is not there', async () => {
  expect(await readManifests(['-'], Readable.from([recording]))).toHaveLength(1);
  await expect(readManifests(['/nowhere.yaml'], Readable.from([]))).rejects.toMatchObject({
    code: 'NotFound',
  });
  await expect(readManifests(['-'], Readable.from(['# nothing']))).rejects.toMatchObject({
    code: 'InvalidManifest',
  });
});

it('takes paths from where the command runs, once and for all', () => {
  const text = `apiVersion: tapedeck.dev/v1alpha1
kind: ExternalStorage
metadata: {name: s}
spec: {provider: Local, local: {directory: ./out}}
---
${recording.replace('{type: TestCard}', '{type: Stream, stream: {url: ./a b.mp4}}')}`;
  const { resources } = toLocalManifest(parseManifests(text, 'f').resources, {
    namespace: undefined,
    cwd: '/home/x',
  });
  expect(resources.map(({ manifest }) => manifest.spec)).toEqual([
    { provider: 'Local', local: { directory: '/home/x/out' } },
    { source: { type: 'Stream', stream: { url: 'file:///home/x/a%20b.mp4' } } },
  ]);
});

it('keeps Secrets apart, and refuses another namespace than asked for', () => {
  const secret = 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\nstringData: {a: b}\n';
  const { resources } = parseManifests(secret, 'f');
  expect(toLocalManifest(resources, { namespace: 'x', cwd: '/' })).toEqual({
    secrets: [{ namespace: 'x', name: 's', values: { a: 'b' } }],
    resources: [],
  });
  const other = parseManifests(secret.replace('name: s', 'name: s, namespace: y'), 'f').resources;
  expect(() => toLocalManifest(other, { namespace: 'x', cwd: '/' })).toThrow(/namespace y/);
});
