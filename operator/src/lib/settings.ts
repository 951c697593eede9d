import { TapedeckError } from '@tapedeck/core';
import { z } from 'zod';
import { type Override, withOverrides } from './flags.ts';

const quantities = z.record(z.string(), z.string());

/** Link-local addresses, and those where clouds answer their machines; the chart's own value is the same. */
export const blockedByDefault = ['169.254.0.0/16', 'fe80::/10', 'fd00:ec2::/32', 'fd20:ce::/64'];

/** The operator's configuration file: strict, so that a misspelt setting is an error and not a default. */
export const operatorSettings = z.strictObject({
  /** Only these namespaces' resources, with rights in each of them; empty: all namespaces. */
  watchNamespaces: z.array(z.string().min(1)).default([]),
  /** ExternalStorage for recordings that name none, where the namespace has no default. */
  defaultStorage: z.string().optional(),
  /** How often runs report, in seconds. They hear of a change of their state with it: within 1 s, the call included. */
  reportInterval: z.number().positive().default(0.8),
  /** Progress alone is written into a status this often, in seconds. */
  progressInterval: z.number().positive().default(30),
  ports: z.strictObject({ report: z.int().default(8443), health: z.int().default(8080) }).prefault({}),
  /** Service whose endpoint the leader is. */
  reportService: z.string().default('tapedeck-report'),
  /** Holds tls.crt, tls.key and ca.crt. */
  tlsDirectory: z.string().default('/etc/tapedeck/tls'),
  lease: z.string().default('tapedeck-operator'),
  recorder: z.strictObject({
    image: z.string().min(1),
    imagePullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']).optional(),
    imagePullSecrets: z.array(z.strictObject({ name: z.string().min(1) })).optional(),
    scratchBytes: z
      .int()
      .positive()
      .default(1024 * 1024 * 1024),
    resources: z
      .strictObject({ requests: quantities.optional(), limits: quantities.optional() })
      .default({ requests: { cpu: '500m', memory: '256Mi' }, limits: { memory: '1Gi' } }),
    /** Of recordings of pages: which private addresses they may visit, whether WebRTC may use UDP, what they get. */
    pages: z
      .strictObject({
        visit: z.array(z.string().min(1).max(253)).max(256).default([]),
        media: z.enum(['Proxied', 'Direct']).default('Proxied'),
        resources: z
          .strictObject({ requests: quantities.optional(), limits: quantities.optional() })
          .default({ requests: { cpu: '1', memory: '1Gi' }, limits: { memory: '4Gi' } }),
      })
      .optional(),
    nodeSelector: quantities.optional(),
    tolerations: z.array(z.record(z.string(), z.unknown())).optional(),
    priorityClassName: z.string().optional(),
    /** What recorders may reach, as NetworkPolicies beside them; absent: the operator leaves networks alone. */
    network: z
      .strictObject({
        blocked: z.array(z.union([z.cidrv4(), z.cidrv6()])).default(blockedByDefault),
        identity: z.boolean().default(true),
        extraEgress: z.array(z.record(z.string(), z.unknown())).default([]),
      })
      .optional(),
  }),
});
export type OperatorSettings = z.infer<typeof operatorSettings>;

/** A configuration file, with options put into it. Rejects with `InvalidManifest`, naming each setting that is wrong. */
export function parseSettings(text: string, overrides: readonly Override[] = []): OperatorSettings {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new TapedeckError('InvalidManifest', 'the configuration file is not JSON', { cause });
  }
  const parsed = operatorSettings.safeParse(withOverrides(value, overrides));
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    ({ path, message }) => `${path.join('.') || 'the file'}: ${message}`,
  );
  throw new TapedeckError('InvalidManifest', `the configuration is wrong at ${problems.join('; ')}`);
}

const identity = z.object({
  TAPEDECK_NAMESPACE: z.string().min(1),
  TAPEDECK_POD_NAME: z.string().min(1),
  TAPEDECK_POD_IP: z.string().min(1),
});

/** Who this replica is, from the downward API. */
export interface ReplicaIdentity {
  readonly namespace: string;
  readonly pod: string;
  readonly address: string;
}

/** Rejects with `InvalidManifest` where the pod's manifest does not say it. */
export function readIdentity(env: Readonly<Record<string, string | undefined>>): ReplicaIdentity {
  const parsed = identity.safeParse(env);
  if (!parsed.success) {
    const missing = parsed.error.issues.map(({ path }) => path.join('.')).join(', ');
    throw new TapedeckError(
      'InvalidManifest',
      `the environment lacks ${missing}; the pod's manifest sets them`,
    );
  }
  const { TAPEDECK_NAMESPACE, TAPEDECK_POD_NAME, TAPEDECK_POD_IP } = parsed.data;
  return { namespace: TAPEDECK_NAMESPACE, pod: TAPEDECK_POD_NAME, address: TAPEDECK_POD_IP };
}
