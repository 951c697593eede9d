import { expect, it } from 'vitest';
import { readResource } from './custom-resources.ts';
import { kubernetesObject } from './kubernetes-object.ts';

it('keeps the generation, which tells an edited spec from the one that a status is about', () => {
  const object = kubernetesObject.parse({
    metadata: {
      name: 'team',
      namespace: 'default',
      uid: '1',
      resourceVersion: '7',
      generation: 3,
      managedFields: [{ manager: 'test' }],
    },
    spec: { provider: 'S3', s3: { bucket: 'recordings' } },
    status: { observedGeneration: 3 },
  });
  expect(readResource('ExternalStorage', object)?.resource.metadata).toEqual({
    name: 'team',
    namespace: 'default',
    uid: '1',
    resourceVersion: '7',
    generation: 3,
  });
});
