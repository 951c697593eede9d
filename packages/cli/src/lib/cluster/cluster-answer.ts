import { TapedeckError } from '@tapedeck/core/error';
import type { z } from 'zod';

/** What a cluster answered, as the command needs it. Throws `Unknown`, with the field, where `what` is not like that. */
export function readAnswer<T>(schema: z.ZodType<T>, answer: unknown, what: string): T {
  const { data, error, success } = schema.safeParse(answer);
  if (success) return data;
  const [issue] = error.issues;
  const field = issue === undefined || issue.path.length === 0 ? 'all of it' : issue.path.join('.');
  throw new TapedeckError(
    'Unknown',
    `${what} came from the cluster in a shape that the command does not know (${field}: ${issue?.message ?? 'unreadable'}): see that the address in the kubeconfig is an API server's, without a proxy that changes its answers`,
    { cause: error },
  );
}
