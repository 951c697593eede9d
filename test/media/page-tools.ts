import { installHint, isInstalled, pagePackages } from '../../scripts/lib/system-package.mjs';

/** Whether pages can be recorded here; under CI it is an error when they cannot. */
export function hasPageTools(): boolean {
  const missing = pagePackages.filter((one) => !isInstalled(one));
  if (missing.length === 0) return true;
  const names = missing.map(({ name }) => name).join(', ');
  if (process.env.CI) throw new Error(`${names} is needed: ${installHint(missing)}`);
  process.stderr.write(`Skipping tests that record pages (not there: ${names})\n`);
  return false;
}
