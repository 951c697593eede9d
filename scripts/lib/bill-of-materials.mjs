import { createHash } from 'node:crypto';

/**
 * What an image is made of. `license` is as its author wrote it; Debian's packages have theirs in files.
 * @typedef {{ kind: 'deb' | 'npm' | 'generic', name: string, version: string, license?: string, arch?: string }} Part
 */

/** As https://github.com/package-url/purl-spec has it. @param {Part} part @param {string} distribution */
export function packageUrl({ kind, name, version, arch }, distribution) {
  // A scope's slash divides, its at sign is written otherwise.
  const path = name.split('/').map(encodeURIComponent).join('/');
  const at = encodeURIComponent(version);
  if (kind === 'deb') return `pkg:deb/debian/${path}@${at}?arch=${arch}&distro=${distribution}`;
  return `pkg:${kind}/${path}@${at}`;
}

/**
 * A bill of materials, CycloneDX 1.6. The same parts give the same text, in whatever order they come: it has no time in it,
 * and its number is made of its contents.
 * @param {{ image: string, version: string, distribution: string, parts: readonly Part[] }} options
 */
export function billOfMaterials({ image, version, distribution, parts }) {
  const components = parts
    .map((part) => {
      const purl = packageUrl(part, distribution);
      return {
        type: part.kind === 'generic' ? 'application' : 'library',
        'bom-ref': purl,
        name: part.name,
        version: part.version,
        ...(part.license === undefined ? {} : { licenses: [{ license: { name: part.license } }] }),
        purl,
      };
    })
    .sort((a, b) => (a.purl < b.purl ? -1 : 1));
  const hash = createHash('sha256').update(JSON.stringify(components)).digest('hex');
  const number = [8, 4, 4, 4, 12].map((length, index) => {
    const from = [0, 8, 12, 16, 20][index] ?? 0;
    return hash.slice(from, from + length);
  });
  // A UUID of version 8: https://www.rfc-editor.org/rfc/rfc9562#section-5.8
  const [a, b, c = '', d = '', e] = number;
  const uuid = [a, b, `8${c.slice(1)}`, `8${d.slice(1)}`, e].join('-');
  const self = { type: 'container', 'bom-ref': image, name: image, version };
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: `urn:uuid:${uuid}`,
    version: 1,
    metadata: { component: { ...self, licenses: [{ license: { id: 'Apache-2.0' } }] } },
    components,
    dependencies: [{ ref: image, dependsOn: components.map(({ purl }) => purl) }],
  };
}

/** What `dpkg-query --show --showformat '${Package}\t${Version}\t${Architecture}\n'` says. @param {string} text @returns {Part[]} */
export function debianParts(text) {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [name = '', version = '', arch = ''] = line.split('\t');
      return { kind: 'deb', name, version, arch };
    });
}
