import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const program = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));
const fakeRecorder = fileURLToPath(new URL('../../../fixtures/fake-recorder.mjs', import.meta.url));
let data: string;

/** Everything that `record` writes to a terminal of 80 columns (script, util-linux). */
function recordInTerminal(env: Record<string, string>, columns = 80): string {
  const command = `stty -F /dev/tty cols ${columns} rows 24; exec '${process.execPath}' '${program}' --data '${data}' record testcard --to ./out --name a --for 1s`;
  return execFileSync('script', ['-qefc', command, '/dev/null'], {
    cwd: data,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TAPEDECK_RECORDER: fakeRecorder, CI: '', TERM: 'xterm-256color', ...env },
  });
}

beforeEach(() => {
  data = mkdtempSync(join(tmpdir(), 'tapedeck-view-'));
});
afterEach(() => rmSync(data, { recursive: true, force: true }));

describe.skipIf(process.platform !== 'linux')('in a terminal', () => {
  it('one line changes in place', () => {
    const output = recordInTerminal({ NO_COLOR: '1' });
    expect(output).toMatch(/● a {2}Recording +0:0\d +1\.0 Mbit\/s/);
    expect(output).toContain('\u001b[2K');
    expect(output).toMatch(/✓ a {2}Uploaded +0:01 [^\n]*\r?\n[\s\S]*\/out\/a_[^\n]*\.mp4\r?\n/);
    expect(output).not.toContain('\u001b[32m');
    // The cursor is there again at the end.
    expect(output.lastIndexOf('\u001b[?25h')).toBeGreaterThanOrEqual(output.lastIndexOf('\u001b[?25l'));
  });

  it('has colours unless told otherwise', () => {
    expect(recordInTerminal({ NO_COLOR: '' })).toContain('\u001b[32m✓');
  });

  it.each([
    ['a dumb terminal', { TERM: 'dumb', NO_COLOR: '1' }, 80],
    ['one without a size', { NO_COLOR: '1' }, 0],
    ['CI', { CI: 'true', NO_COLOR: '1' }, 80],
  ])('writes a line a change in %s', (_, env, columns) => {
    const output = recordInTerminal(env, columns);
    expect(output).toContain('recording/a Recording');
    expect(output).not.toContain('\u001b');
  });
});
