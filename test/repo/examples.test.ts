import { parseManifest, resourceSchemas } from '@tapedeck/core';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { files, read } from './checkout.ts';
import { codeBlocks, pages } from './markdown.ts';

/** Manifests in a text: what says apiVersion and kind. Throws where the text is no YAML. */
function manifests(text: string): unknown[] {
  return parseAllDocuments(text).map((document) => {
    if ('errors' in document && document.errors[0] !== undefined) throw document.errors[0];
    return 'toJS' in document ? document.toJS() : null;
  });
}

const isOurs = (document: unknown): boolean =>
  typeof document === 'object' &&
  document !== null &&
  'kind' in document &&
  Object.keys(resourceSchemas).includes(String(document.kind));

const examples = files.filter((path) => /^examples\/.*\.ya?ml$/.test(path));
const blocks = pages.flatMap(codeBlocks).filter(({ language }) => /^ya?ml$/.test(language));

describe('what a reader copies', () => {
  it.each(examples)('%s holds valid manifests only', (path) => {
    const documents = manifests(read(path));
    expect(documents.length).toBeGreaterThan(0);
    for (const document of documents.filter(isOurs)) parseManifest(document);
  });

  it.each(blocks.map((block) => [`${block.page}:${block.line}`, block.text]))('%s is valid', (_, text) => {
    for (const document of manifests(text).filter(isOurs)) parseManifest(document);
  });

  it('can be applied together: no name stands in two examples', () => {
    const beside = examples.filter((path) => /^examples\/[^/]+$/.test(path));
    const names = beside.flatMap((path) =>
      manifests(read(path)).map((document) => {
        const { kind, metadata } = parseManifest(document);
        return `${kind}/${metadata.name}`;
      }),
    );
    expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  });

  it('names the storages and profiles that stand beside it', () => {
    for (const path of examples) {
      const resources = manifests(read(path))
        .filter(isOurs)
        .map((document) => parseManifest(document));
      const names = resources.map(({ kind, metadata }) => `${kind}/${metadata.name}`);
      const wanted = resources.flatMap((resource) =>
        resource.kind === 'RecordingCopy'
          ? [`Recording/${resource.spec.recordingRef.name}`, `ExternalStorage/${resource.spec.storage.name}`]
          : resource.kind === 'Recording'
            ? [
                ...(resource.spec.storage?.refs ?? []).map(({ name }) => `ExternalStorage/${name}`),
                ...(resource.spec.profileRef === undefined
                  ? []
                  : [`RecordingProfile/${resource.spec.profileRef.name}`]),
              ]
            : [],
      );
      expect(names, path).toEqual(expect.arrayContaining(wanted));
    }
  });
});
