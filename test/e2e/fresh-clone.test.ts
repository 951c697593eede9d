import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { measureSync, worstOffset } from '../media/sync-meter.ts';
import { root } from '../repo/checkout.ts';
import { codeBlocks } from '../repo/markdown.ts';

const run = promisify(execFile);

/** A cold set-up with everything fetched anew; the recording itself takes ten seconds. */
const coldLimitMs = 10 * 60_000;
/** Set-up that is done already, ten seconds of recording, and the end: 15 s, but where two cores do much else as well. */
const warmLimitMs = 45_000;

const probe = z.object({
  format: z.object({ duration: z.coerce.number(), format_name: z.string() }),
  streams: z.array(z.object({ codec_name: z.string() })),
});

/** Namespaces and overlays, which containers without rights do not give: asked of the system, not guessed. */
function mayHideFfmpeg(): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    execFileSync('unshare', ['--mount', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    // Not allowed here: the clone is tried on the machine as it is.
    return false;
  }
}

/** The commands of the README's 60-second block, with an address that is there. */
function readmeCommands(origin: string): string[] {
  const block = codeBlocks('README.md').find(({ language }) => language === 'console');
  return (block?.text ?? '')
    .split('\n')
    .filter((line) => line.startsWith('$ '))
    .map((line) => line.slice(2).replace('<address of this repository>', `file://${origin}`));
}

/** What a person has: none of npm's own variables, none of CI's, and no programs of this checkout. */
function freshEnvironment(home: string): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(npm_|NODE_ENV$|VITEST|TAPEDECK_|CI$|INIT_CWD$)/.test(name),
  );
  const path = (process.env.PATH ?? '').split(delimiter).filter((directory) => !directory.startsWith(root));
  return { ...Object.fromEntries(kept), PATH: path.join(delimiter), XDG_DATA_HOME: join(home, 'data') };
}

let home: string;
const hidden = mayHideFfmpeg();

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'tapedeck-fresh-'));
});
afterAll(() => {
  rmSync(home, { recursive: true, force: true });
});

describe('a fresh clone', () => {
  it(
    'records something playable after the README’s three commands, and again in seconds',
    async () => {
      mkdirSync(join(home, 'out'));
      // What is committed, wherever the checkout lies.
      const origin = join(home, 'origin.git');
      execFileSync('git', ['clone', '--quiet', '--bare', root, origin]);
      const script = join(home, 'script.sh');
      writeFileSync(
        script,
        [
          'set -euo pipefail',
          // Nothing may be found that the first `npm start` is there to bring.
          hidden ? 'for name in ffmpeg ffprobe pnpm; do if type -P $name; then exit 90; fi; done' : '',
          ...readmeCommands(origin).map((command) =>
            command === 'npm start' ? 'npm start >../out/first' : command,
          ),
          'date +%s%N >../out/second-start',
          'npm start >../out/second',
          'date +%s%N >../out/second-end',
        ].join('\n'),
      );
      const command = hidden ? [join(root, 'test/e2e/machine-without-ffmpeg.sh'), home, script] : [script];
      const { stderr } = await run('bash', command, {
        cwd: home,
        env: freshEnvironment(home),
        maxBuffer: 1 << 24,
      });
      for (const step of ['Node', 'Dependencies', 'Build'])
        expect(stderr).toMatch(new RegExp(`✓ ${step}.* s$`, 'm'));
      if (hidden) expect(stderr).toMatch(/✓ ffmpeg .* s$/m);

      const recorded = (name: string) => {
        const text = readFileSync(join(home, 'out', name), 'utf8');
        return join(home, 'tapedeck', /^Recorded: (.+)$/m.exec(text)?.[1] ?? text);
      };
      const took = (name: string) => Number(readFileSync(join(home, 'out', name), 'utf8')) / 1e6;
      expect(recorded('second')).not.toBe(recorded('first'));
      expect(took('second-end') - took('second-start')).toBeLessThan(warmLimitMs);

      for (const path of [recorded('first'), recorded('second')]) {
        const { stdout } = await run('ffprobe', [
          '-v',
          'error',
          '-of',
          'json',
          '-show_format',
          '-show_streams',
          path,
        ]);
        const { format, streams } = probe.parse(JSON.parse(stdout));
        expect(streams.map(({ codec_name }) => codec_name).sort()).toEqual(['aac', 'h264']);
        expect(format.format_name).toContain('mp4');
        expect(Math.abs(format.duration - 10)).toBeLessThanOrEqual(0.2);
        const marks = await measureSync(path);
        expect(marks.length).toBeGreaterThanOrEqual(9);
        expect(worstOffset(marks)).toBeLessThanOrEqual(40);
      }
    },
    coldLimitMs,
  );
});
