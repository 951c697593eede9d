import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { billOfMaterials, debianParts, packageUrl } from '../../scripts/lib/bill-of-materials.mjs';
import { bundledPackages } from '../../scripts/lib/bundled-packages.mjs';

it.each([
  [
    { kind: 'deb', name: 'libstdc++6', version: '14.2.0-19', arch: 'amd64' },
    'pkg:deb/debian/libstdc%2B%2B6@14.2.0-19?arch=amd64&distro=debian-trixie',
  ],
  [{ kind: 'npm', name: '@aws-sdk/core', version: '3.1.0' }, 'pkg:npm/%40aws-sdk/core@3.1.0'],
  [{ kind: 'generic', name: 'node', version: '26.0.0' }, 'pkg:generic/node@26.0.0'],
] as const)('names %o', (part, url) => {
  expect(packageUrl(part, 'debian-trixie')).toBe(url);
});

it('reads what dpkg says', () => {
  expect(debianParts('ffmpeg\t7:7.1.5-0\tamd64\nbase-files\t13.8\tamd64\n')).toEqual([
    { kind: 'deb', name: 'ffmpeg', version: '7:7.1.5-0', arch: 'amd64' },
    { kind: 'deb', name: 'base-files', version: '13.8', arch: 'amd64' },
  ]);
});

const parts = [
  { kind: 'npm', name: 'zod', version: '4.6.0', license: 'MIT' },
  { kind: 'deb', name: 'apt', version: '3.0.4', arch: 'amd64' },
] as const;
const bill = (of: readonly (typeof parts)[number][]) =>
  billOfMaterials({ image: 'tapedeck/operator', version: '0.1.0', distribution: 'debian-trixie', parts: of });

it('is the same for the same parts, in whatever order, and another for others', () => {
  expect(bill([...parts].reverse())).toEqual(bill(parts));
  expect(bill(parts.slice(1)).serialNumber).not.toBe(bill(parts).serialNumber);
  expect(bill(parts).serialNumber).toMatch(
    /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  expect(bill(parts)).toMatchObject({
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    components: [{ name: 'apt' }, { name: 'zod', licenses: [{ license: { name: 'MIT' } }] }],
  });
});

it('finds the package of each file that a bundle took something from', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tapedeck-bill-'));
  try {
    const put = (path: string, text: object) => {
      mkdirSync(join(directory, path, '..'), { recursive: true });
      writeFileSync(join(directory, path), JSON.stringify(text));
    };
    put('node_modules/a/package.json', { name: 'a', version: '1.0.0', license: 'ISC' });
    // It says how to load what is below it, and is no package.
    put('node_modules/a/esm/package.json', { type: 'module' });
    put('node_modules/b/package.json', { name: 'b', version: '2.0.0' });
    const inputs = {
      'node_modules/a/esm/index.js': { bytesInOutput: 10 },
      'node_modules/b/index.js': { bytesInOutput: 0 },
    };
    expect(bundledPackages({ outputs: { 'x.mjs': { inputs } } }, directory)).toEqual([
      { kind: 'npm', name: 'a', version: '1.0.0', license: 'ISC' },
    ]);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
});
