import { describe, expect, it } from 'vitest';
import { importsOf, products, references, type WorkspacePackage, workspaceName } from './workspace.ts';

/**
 * The drawing: what each package may know of the others. Operator, gateway and cli never import recorder,
 * encoder or storage: they start the recorder as a program and talk to it through core's run contract.
 */
const arrows: Readonly<Record<string, readonly string[]>> = {
  core: [],
  storage: ['core'],
  encoder: ['core'],
  recorder: ['core', 'storage', 'encoder'],
  control: ['core'],
  'api-client': ['core'],
  gateway: ['core', 'api-client'],
  'kube-api': ['core', 'control'],
  cli: ['core', 'control', 'kube-api', 'api-client'],
  operator: ['core', 'control', 'kube-api'],
};

/** npm packages that only one package may know, so that a change of it stays there. */
const confined: Readonly<Record<string, string>> = {
  'fluent-ffmpeg': 'encoder',
  '@aws-sdk/client-s3': 'storage',
  '@azure/storage-blob': 'storage',
  '@google-cloud/storage': 'storage',
  'ssh2-sftp-client': 'storage',
  '@kubernetes/client-node': 'kube-api',
  commander: 'cli',
};

const named = products.map((one) => [one.name, one] as const);

const dependencies = (one: WorkspacePackage): string[] =>
  Object.keys({ ...one.manifest.dependencies, ...one.manifest.optionalDependencies });

const isTest = (path: string): boolean => /\.test\.ts$|\/testing\//.test(path);

describe('the arrows between packages', () => {
  it('are drawn for every package that exists', () => {
    expect(products.map((one) => one.name).filter((name) => arrows[name] === undefined)).toEqual([]);
  });

  it.each(named)('%s depends on nothing that the drawing forbids', (name, one) => {
    const known = dependencies(one).flatMap((dependency) => workspaceName(dependency) ?? []);
    expect(known.filter((other) => !arrows[name]?.includes(other))).toEqual([]);
  });

  it.each(named)('%s refers in tsconfig.json to exactly the packages it depends on', (_, one) => {
    const known = dependencies(one).flatMap((dependency) => workspaceName(dependency) ?? []);
    expect(references(one).sort()).toEqual(known.map((other) => `packages/${other}`).sort());
  });

  it.each(named)('%s imports only what its package.json names', (name, one) => {
    const allowed = new Set([...dependencies(one), one.manifest.name]);
    const tools = new Set(['vitest']);
    const foreign = one.sources.flatMap(importsOf).filter(({ file, specifier }) => {
      if (specifier.startsWith('.')) return false;
      if (specifier.startsWith('node:')) return name === 'core' && !isTest(file);
      const bare = specifier
        .split('/')
        .slice(0, specifier.startsWith('@') ? 2 : 1)
        .join('/');
      return !allowed.has(bare) && !(isTest(file) && tools.has(bare));
    });
    expect(foreign).toEqual([]);
  });

  it.each(Object.entries(confined))('%s is known to %s alone', (dependency, owner) => {
    const others = products.filter((one) => one.name !== owner);
    expect(others.filter((one) => dependencies(one).includes(dependency)).map((one) => one.name)).toEqual([]);
  });
});
