import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const programs = ['chromium', 'Xvfb', 'pulseaudio'];
/** Whether pages can be recorded here; under CI it is an error when they cannot. */
export function hasPageTools() {
  const directories = (process.env.PATH ?? '').split(delimiter);
  const missing = programs.filter(
    (name) => !directories.some((directory) => existsSync(join(directory, name))),
  );
  if (missing.length === 0) return true;
  if (process.env.CI)
    throw new Error(`${missing.join(', ')} is needed: apt-get install chromium xvfb pulseaudio`);
  process.stderr.write(`Skipping tests that record pages (not there: ${missing.join(', ')})\n`);
  return false;
}
//# sourceMappingURL=page-tools.js.map
