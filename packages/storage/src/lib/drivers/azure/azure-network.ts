import type { ErrorCode } from '@tapedeck/core';
import { isPlainHttp, networkCode } from '../network-codes.ts';

/** Undefined for an error of another kind. Looks at the causes, too: who asks for tokens wraps what it met. */
export function networkFailure(
  error: unknown,
): { readonly code: ErrorCode; readonly isPlainHttp?: boolean } | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const code = networkCode(error);
  if (code !== undefined) return { code, isPlainHttp: isPlainHttp(error) };
  return networkFailure(Reflect.get(error, 'cause'));
}
