import { type KubernetesObject, objectHead } from '@tapedeck/kube-api';
import { z } from 'zod';
import { runLabels } from './run-labels.ts';

const condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
  lastTransitionTime: z.string().nullish(),
});

const job = z.object({
  metadata: objectHead,
  spec: z.object({ suspend: z.boolean().optional() }),
  status: z
    .object({
      startTime: z.string().optional(),
      active: z.number().optional(),
      terminating: z.number().optional(),
      conditions: z.array(condition).optional(),
    })
    .default({}),
});

const terminated = z.object({
  exitCode: z.number(),
  signal: z.number().optional(),
  reason: z.string().optional(),
  message: z.string().optional(),
  startedAt: z.string().nullish(),
  finishedAt: z.string().nullish(),
});

const pod = z.object({
  metadata: objectHead,
  spec: z.object({ nodeName: z.string().optional() }),
  status: z
    .object({
      phase: z.string().optional(),
      reason: z.string().optional(),
      message: z.string().optional(),
      startTime: z.string().optional(),
      conditions: z.array(condition).optional(),
      containerStatuses: z
        .array(
          z.object({
            name: z.string(),
            state: z
              .object({
                waiting: z
                  .object({ reason: z.string().optional(), message: z.string().optional() })
                  .optional(),
                running: z.object({ startedAt: z.string().nullish() }).optional(),
                terminated: terminated.optional(),
              })
              .optional(),
          }),
        )
        .optional(),
    })
    .default({}),
});

/** A Job of ours, as far as anything here looks at it. */
export type LaunchedJob = z.infer<typeof job>;
/** A pod of such a Job. */
export type LaunchedPod = z.infer<typeof pod>;

/** Annotations are dropped: a pod's hold its whole spec. */
const slim = <T extends { metadata: { annotations?: unknown } }>(object: T): T => {
  const { annotations: _, ...metadata } = object.metadata;
  return { ...object, metadata };
};

/** Undefined where it is none. */
export function readJob(object: KubernetesObject): LaunchedJob | undefined {
  const parsed = job.safeParse(object);
  return parsed.success ? slim(parsed.data) : undefined;
}

/** Undefined where it is none. */
export function readPod(object: KubernetesObject): LaunchedPod | undefined {
  const parsed = pod.safeParse(object);
  return parsed.success ? slim(parsed.data) : undefined;
}

/** Id of the run that an object belongs to; undefined for a check's. */
export function runOf(object: {
  metadata: { labels?: Record<string, string> | undefined };
}): string | undefined {
  return object.metadata.labels?.[runLabels.run];
}

/** Uid of the recording that it belongs to. */
export function recordingOf(object: {
  metadata: { labels?: Record<string, string> | undefined };
}): string | undefined {
  return object.metadata.labels?.[runLabels.recording];
}
