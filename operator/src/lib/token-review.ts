import { createHash } from 'node:crypto';
import type { KubeApi } from '@tapedeck/kube-api';
import { z } from 'zod';
import { reportAudience } from './recorder-settings.ts';
import { type ReportingPod, readClaims } from './token-claims.ts';

/** How long an answer counts: a pod that is gone may report for so long, and nobody listens to it. */
const keptMs = 60_000;
/** Runs that may report at the same time, twice over. */
const maxKept = 20_000;

/** Why a token opens nothing, in one word. */
export type TokenProblem = 'NoToken' | 'ForeignToken' | 'InvalidToken' | 'ExpiredToken' | 'UnboundToken';

/** A token that opens nothing. */
export interface RefusedToken {
  readonly problem: TokenProblem;
  /** The pod that it says it is of, which nobody has proven. */
  readonly named?: ReportingPod | undefined;
}

export interface TokenReviewer {
  /** Rejects with `ApiError` where the API server cannot be asked. */
  review(authorization: string | undefined): Promise<ReportingPod | RefusedToken>;
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
      const { audiences, expires, pod: named } = readClaims(token);
      if (!audiences.includes(reportAudience)) return { problem: 'ForeignToken', named };
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
      if (!status.authenticated || !status.audiences.includes(reportAudience)) {
        // It is refused in any case; its own word only chooses the one that it is refused with.
        const over = expires !== undefined && expires * 1000 <= Date.now();
        return { problem: over ? 'ExpiredToken' : 'InvalidToken', named };
      }
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
