import { z } from 'zod';

/** A pod as tokens name it. */
export interface ReportingPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** What a token says of itself. Nothing of it is proven: it may choose words, and opens nothing. */
export interface TokenClaims {
  readonly audiences: readonly string[];
  /** Seconds since 1970. */
  readonly expires?: number | undefined;
  readonly pod?: ReportingPod | undefined;
}

const claims = z.object({
  aud: z.union([z.string(), z.array(z.string())]).catch([]),
  exp: z.number().optional().catch(undefined),
  'kubernetes.io': z
    .object({ namespace: z.string(), pod: z.object({ name: z.string(), uid: z.string() }) })
    .optional()
    .catch(undefined),
});

/** Nothing is said by what is no token of a ServiceAccount. */
export function readClaims(token: string): TokenClaims {
  try {
    const body = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8');
    const { aud, exp, 'kubernetes.io': bound } = claims.parse(JSON.parse(body));
    return {
      audiences: [aud].flat(),
      expires: exp,
      pod: bound === undefined ? undefined : { namespace: bound.namespace, ...bound.pod },
    };
  } catch {
    return { audiences: [] }; // Not JSON, or no object.
  }
}
