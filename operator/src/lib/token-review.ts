import { createHash } from 'node:crypto';
import type { KubeApi } from '@tapedeck/kube-api';
import { z } from 'zod';
import { reportAudience } from './recorder-settings.ts';

/** How long an answer counts: a pod that is gone may report for so long, and nobody listens to it. */
const keptMs = 60_000;
/** Runs that may report at the same time, twice over. */
const maxKept = 20_000;

/** Whose token it is. */
export interface ReportingPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** Why a token opens nothing, in one word. */
export type TokenProblem = 'NoToken' | 'ForeignToken' | 'InvalidToken' | 'UnboundToken';

export interface TokenReviewer {
  /** Rejects with `ApiError` where the API server cannot be asked. */
  review(authorization: string | undefined): Promise<ReportingPod | { readonly problem: TokenProblem }>;
}

const answer = z.object({
  status: z.object({
    authenticated: z.boolean().default(false),
    audiences: z.array(z.string()).default([]),
    user: z
      .object({
        username: z.string().default(''),
        extra: z.record(z.string(), z.array(z.string())).default({}),
      })
      .default({ username: '', extra: {} }),
  }),
});

/** Has the API server look at each token, once a minute. It knows whether the pod that a token is bound to still is. */
export function createTokenReviewer(api: KubeApi): TokenReviewer {
  const kept = new Map<string, { readonly pod: ReportingPod; readonly until: number }>();

  return {
    async review(authorization) {
      const token = /^Bearer (\S+)$/.exec(authorization ?? '')?.[1];
      if (token === undefined) return { problem: 'NoToken' };
      // Looked at before anybody is asked: a flood of others' tokens costs the API server nothing.
      if (!audiencesOf(token).includes(reportAudience)) return { problem: 'ForeignToken' };
      const digest = createHash('sha256').update(token).digest('base64');
      const known = kept.get(digest);
      if (known !== undefined && known.until > performance.now()) return known.pod;
      kept.delete(digest);
      const { status } = answer.parse(
        await api.call({
          method: 'POST',
          path: '/apis/authentication.k8s.io/v1/tokenreviews',
          body: {
            apiVersion: 'authentication.k8s.io/v1',
            kind: 'TokenReview',
            spec: { token, audiences: [reportAudience] },
          },
        }),
      );
      if (!status.authenticated || !status.audiences.includes(reportAudience))
        return { problem: 'InvalidToken' };
      const [, namespace] = /^system:serviceaccount:([^:]+):[^:]+$/.exec(status.user.username) ?? [];
      const name = status.user.extra['authentication.kubernetes.io/pod-name']?.[0];
      const uid = status.user.extra['authentication.kubernetes.io/pod-uid']?.[0];
      if (namespace === undefined || name === undefined || uid === undefined)
        return { problem: 'UnboundToken' };
      const pod = { namespace, name, uid };
      if (kept.size >= maxKept) kept.delete(kept.keys().next().value ?? '');
      kept.set(digest, { pod, until: performance.now() + keptMs });
      return pod;
    },
  };
}

/** What a token says of itself, unproven. */
function audiencesOf(token: string): readonly string[] {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    const parsed = z.object({ aud: z.union([z.string(), z.array(z.string())]) }).safeParse(claims);
    return parsed.success ? [parsed.data.aud].flat() : [];
  } catch {
    return []; // No token of a ServiceAccount.
  }
}
