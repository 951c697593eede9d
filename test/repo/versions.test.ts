import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { read, readJson } from './checkout.ts';
import { packages } from './workspace.ts';

const exact = /^(\d+\.\d+\.\d+(-[\w.]+)?|workspace:\*|catalog:)$/;

const workspace = z
  .object({ catalog: z.record(z.string(), z.string()) })
  .parse(parse(read('pnpm-workspace.yaml')));

describe('versions', () => {
  it.each(packages.map((one) => [one.name, one] as const))('%s pins every dependency exactly', (_, one) => {
    const all = {
      ...one.manifest.dependencies,
      ...one.manifest.devDependencies,
      ...one.manifest.optionalDependencies,
    };
    expect(Object.entries(all).filter(([, version]) => !exact.test(version))).toEqual([]);
  });

  it('the catalog pins exactly', () => {
    expect(Object.entries(workspace.catalog).filter(([, version]) => !exact.test(version))).toEqual([]);
  });

  it('one dependency has one version in the whole workspace', () => {
    const seen = new Map<string, Set<string>>();
    for (const one of packages) {
      for (const [name, version] of Object.entries({
        ...one.manifest.dependencies,
        ...one.manifest.devDependencies,
      })) {
        seen.set(name, (seen.get(name) ?? new Set()).add(version));
      }
    }
    expect([...seen].filter(([, versions]) => versions.size > 1)).toEqual([]);
  });

  it('set-up pins pnpm and Node in one place each', () => {
    const { packageManager } = z.object({ packageManager: z.string() }).parse(readJson('package.json'));
    expect(packageManager).toMatch(/^pnpm@\d+\.\d+\.\d+$/);
    expect(read('.node-version').trim()).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
