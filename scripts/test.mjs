import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from './lib/checkout.mjs';
import { findCommand, runAttached, runLogged } from './lib/command.mjs';
import { Failure, runScript } from './lib/failure.mjs';
import { runStep } from './lib/step.mjs';
import {
  clusterPackages,
  installHint,
  installPackages,
  isInstalled,
  mayInstall,
  pagePackages,
  testPackages,
} from './lib/system-package.mjs';
import { rootProgram } from './lib/toolchain.mjs';
import { setUp } from './setup.mjs';

const inCi = process.env.CI === 'true';

/**
 * Each counts as one test.
 * @type {readonly (readonly [title: string, program: string, args: readonly string[]])[]}
 */
const checks = [
  ['Formatting and lint', 'biome', ['check', '.']],
  ['Promises', 'oxlint', ['--type-aware']],
  ['Types', 'tsc', ['-b']],
];

/** @param {readonly import('./lib/system-package.mjs').SystemPackage[]} packages */
async function install(packages) {
  if (packages.length === 0) return;
  await runStep(packages.map((one) => one.name).join(', '), {
    isDone: () => false,
    run: () => installPackages(packages),
  });
}

/** Second readers and servers of the tests; what cannot be installed here is told in one line. */
async function setUpTestTools() {
  const canCluster = process.platform === 'linux' && process.getuid?.() === 0;
  const wanted = [...testPackages, ...pagePackages, ...(canCluster ? clusterPackages : [])];
  const missing = wanted.filter((one) => !isInstalled(one));
  if (missing.length > 0 && (await mayInstall(missing))) {
    // By themselves, for not every system has them: Ubuntu's chromium is none of apt-get's.
    const page = missing.filter((one) => pagePackages.includes(one));
    await install(missing.filter((one) => !page.includes(one)));
    await install(page).catch((error) => {
      if (!(error instanceof Failure)) throw error;
      process.stderr.write(`${error.message}\n`);
    });
  }
  for (const one of missing.filter((one) => !isInstalled(one))) {
    process.stderr.write(`Tests that need ${one.name} are skipped; to run them: ${installHint([one])}\n`);
  }
  if (findCommand('go') === undefined) {
    process.stderr.write(
      'Tests that need a real S3 server or a real Kubernetes are skipped; to run them, install Go 1.25 or newer.\n',
    );
  }
}

/**
 * Compiled before any test runs: it takes minutes, and tests beside it would be slow. Where it fails, the tests that need
 * it say why.
 */
async function buildKubernetes() {
  if (process.platform !== 'linux' || findCommand('go') === undefined) return;
  const build = join(root, 'test/cluster/build');
  await runStep('Kubernetes for the tests', {
    isDone: () => false,
    run: () => runLogged('Kubernetes', build, []).catch(() => undefined),
  });
}

/** @returns {Promise<{ passed: number, failed: number }>} */
async function runChecks() {
  const counts = { passed: 0, failed: 0 };
  for (const [title, program, args] of checks) {
    const code = await runAttached(rootProgram(program), args);
    process.stderr.write(`${code === 0 ? '✓' : '✗'} ${title}\n`);
    counts[code === 0 ? 'passed' : 'failed'] += 1;
  }
  return counts;
}

/**
 * @param {readonly string[]} args For vitest: files, `-t name`, …
 * @returns {Promise<import('./lib/summary-reporter.mjs').Summary>}
 */
async function runTests(args) {
  const directory = mkdtempSync(join(tmpdir(), 'tapedeck-test-'));
  const path = join(directory, 'summary.json');
  try {
    const vitest = rootProgram('vitest');
    const env = { TAPEDECK_TEST_SUMMARY: path };
    const code = await runAttached(vitest, ['run', ...args], { env });
    const summary = readSummary(path);
    // A run that ended badly with every test passed (an error outside of them, a worker that died) is no success.
    if (code !== 0 && summary.failed === 0) summary.failed = Math.max(1, summary.unhandled);
    return summary;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @param {string} path */
function readSummary(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    // vitest ended before it could write one; its exit code and output say why.
    return { passed: 0, failed: 1, skipped: 0, unhandled: 0, skips: [] };
  }
}

async function main() {
  const args = process.argv.slice(2);
  const total = { passed: 0, failed: 0, skipped: 0 };
  try {
    await setUp();
    await setUpTestTools();
    if (args.length === 0) await buildKubernetes();
    const lint = args.length === 0 ? await runChecks() : { passed: 0, failed: 0 };
    const tests = await runTests(args);
    total.passed = lint.passed + tests.passed;
    total.failed = lint.failed + tests.failed;
    total.skipped = tests.skipped;
    if (inCi && tests.skipped > 0) {
      process.stderr.write(
        `In CI nothing may be skipped:\n${tests.skips.map((name) => `  ${name}\n`).join('')}`,
      );
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    process.stderr.write(`${error.message}\n`);
    total.failed += 1;
  }
  const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
  process.stdout.write(`${total.passed} passed, ${total.failed} failed${skipped}\n`);
  return total.failed > 0 || (inCi && total.skipped > 0) ? 1 : 0;
}

await runScript(main);
