import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { read } from '../repo/checkout.ts';
import { type ApiServer, startApiServer } from './api-server.ts';
import { findKubernetes } from './kubernetes.ts';

const hookTimeoutMs = 25 * 60_000;
const there = (await findKubernetes()) !== undefined;
const group = 'probes.example.com';

const [expressions] = parseAllDocuments(read('examples/flux/recordings.yaml')).map((one) =>
  z
    .object({
      spec: z.object({
        healthCheckExprs: z.array(z.object({ kind: z.string(), failed: z.string(), current: z.string() })),
      }),
    })
    .parse('toJS' in one ? one.toJS() : undefined),
);
const [recording] = expressions?.spec.healthCheckExprs ?? [];

/** A kind whose objects are taken where that expression is true of them: the API server speaks the same CEL. */
const probe = (kind: string, rule: string) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${kind}s.${group}` },
  spec: {
    group,
    scope: 'Namespaced',
    names: { kind, plural: `${kind}s`, singular: kind, listKind: `${kind}List` },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            'x-kubernetes-validations': [
              { rule: rule.replaceAll('status.conditions', 'self.status.conditions') },
            ],
            properties: {
              status: {
                type: 'object',
                properties: {
                  conditions: {
                    type: 'array',
                    maxItems: 16,
                    items: {
                      type: 'object',
                      required: ['type', 'status'],
                      properties: {
                        type: { type: 'string', maxLength: 64 },
                        status: { type: 'string', maxLength: 16 },
                      },
                    },
                  },
                },
              },
            },
          },
        },
      },
    ],
  },
});

describe.skipIf(!there)('the health that Flux is told to see in a Recording', () => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await startApiServer();
    const items = [probe('failed', recording?.failed ?? ''), probe('current', recording?.current ?? '')];
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    const { code, stderr } = await server.kubectl(['apply', '--server-side', '-f', '-'], list);
    expect(code, stderr).toBe(0);
    await server.kubectl(['wait', '--for=condition=Established', '--timeout=60s', 'crd', '--all']);
  }, hookTimeoutMs);
  afterAll(async () => {
    await server?.stop();
  });

  it.each([
    ['that waits', { Ready: 'False' }, []],
    ['that records', { Ready: 'True' }, ['current']],
    ['that is complete', { Ready: 'False', Complete: 'True' }, ['current']],
    ['that waits for somebody to act', { Ready: 'False', Stalled: 'True' }, ['failed']],
    ['that failed', { Ready: 'False', Stalled: 'True', Failed: 'True' }, ['failed']],
  ])('%s', async (_, states, expected) => {
    const conditions = Object.entries(states).map(([type, status]) => ({ type, status }));
    const seen: string[] = [];
    for (const kind of ['failed', 'current']) {
      const object = { apiVersion: `${group}/v1`, kind, metadata: { name: 'one' }, status: { conditions } };
      const args = ['create', '--dry-run=server', '--validate=strict', '-f', '-'];
      const { code, stderr } = await server.kubectl(args, JSON.stringify(object));
      if (code === 0) seen.push(kind);
      else expect(stderr).toContain('failed rule');
    }
    expect(seen).toEqual(expected);
  });
});
