export { runCheck } from './lib/check.ts';
export { runMain } from './lib/run.ts';
