import { execFile } from 'node:child_process';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { root, toolEnvironment } from './lib/checkout.mjs';
import { runAttached } from './lib/command.mjs';
import { Failure, runScript } from './lib/failure.mjs';
import { setUp } from './setup.mjs';

const example = 'examples/quickstart.yaml';
const name = 'quickstart';
/** The command, set up already. */
const tapedeck = `${root}/bin/tapedeck`;
const env = { TAPEDECK_NO_SETUP: '1' };

/**
 * Where the recording's files are.
 * @returns {Promise<string[]>}
 */
async function outputPaths() {
  const { stdout } = await promisify(execFile)(tapedeck, ['get', 'recording', name, '-o', 'json'], {
    cwd: root,
    env: { ...toolEnvironment(), ...env },
  });
  const outputs = JSON.parse(stdout).status?.outputs ?? [];
  return outputs.map((/** @type {{ url: string }} */ output) => fileURLToPath(output.url));
}

async function main() {
  await setUp();
  // The example again: what was recorded before stays, only the finished resource makes room for a new one.
  const removal = ['delete', 'recording', name, '--ignore-not-found'];
  const removed = await runAttached(tapedeck, removal, { env, stdio: ['ignore', 'ignore', 'inherit'] });
  if (removed !== 0) throw new Failure(`The ${name} recording of the last time could not be removed.`);
  process.stderr.write(`\nRecording ${example}: ten seconds of the test card into ./recordings\n\n`);
  const code = await runAttached(tapedeck, ['run', '-f', example], {
    env,
    stdio: ['inherit', 'ignore', 'inherit'],
  });
  if (code !== 0) return code;
  const [path] = await outputPaths();
  if (path === undefined)
    throw new Failure(
      `The recording is complete but names no file: see bin/tapedeck describe recording ${name}.`,
    );
  process.stdout.write(`
Recorded: ${relative(root, path)}

Next:
  ffplay ${relative(root, path)}
      or open it in any browser or player: H.264 and AAC in an ordinary MP4
  bin/tapedeck record https://example.com/live.m3u8 --to ./recordings --for 1m
      a stream of your own: RTMP, RTSP, SRT, HLS or a file over HTTP
  bin/tapedeck run -f examples/s3.yaml
      into your own bucket: put its name and keys there first
`);
  return 0;
}

await runScript(main);
