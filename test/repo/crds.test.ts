import { execFileSync } from 'node:child_process';
import { resourceSchemas } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { customResources, structural } from '../../scripts/lib/custom-resource.mjs';
import { files, read, root } from './checkout.ts';

const made = files.filter((path) => path.startsWith('charts/tapedeck/files/crds/'));

describe('the custom resource definitions', () => {
  it('say what the schemas say', () => {
    const run = () =>
      execFileSync(process.execPath, ['scripts/generate-crds.mjs', '--check'], { cwd: root, stdio: 'pipe' });
    expect(run).not.toThrow();
  });

  it('are there for every kind of ours and for nothing else', () => {
    const kinds = made.map((path) => parse(read(path)).spec.names.kind).sort();
    expect(kinds).toEqual(customResources.map(({ kind }) => kind).sort());
    expect(kinds).toEqual(
      Object.keys(resourceSchemas)
        .filter((kind) => kind !== 'Secret')
        .sort(),
    );
  });

  it('stay below what one apply may hold', () => {
    for (const path of made) expect(Buffer.byteLength(read(path)), path).toBeLessThan(100_000);
  });

  it('make a map of conditions, at any depth, and leave other lists as they are', () => {
    const conditions = { type: 'array', items: { type: 'object', $schema: 'x' } };
    const schema = structural({ type: 'object', properties: { conditions, others: conditions } });
    expect(schema.properties).toEqual({
      conditions: {
        type: 'array',
        items: { type: 'object' },
        'x-kubernetes-list-type': 'map',
        'x-kubernetes-list-map-keys': ['type'],
      },
      others: { type: 'array', items: { type: 'object' } },
    });
  });
});
