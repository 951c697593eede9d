import { z } from 'zod';
import { keyProblem } from './prefix.ts';
import { withRules } from './rule.ts';

/** Directories below a bucket's root or a prefix, in any form that `normalizePrefix` takes. */
export const keyPath = withRules(z.string().max(512), [
  {
    cel: "!self.matches(r'(^|/)\\.\\.?(/|$)') && !self.matches(r'[\\x00-\\x1f\\x7f\\\\]')",
    message: 'must not hold "." or ".." as a directory, nor control characters or a backslash',
    holds: (text) => keyProblem(text) === undefined,
  },
]);
