import { writeFileSync } from 'node:fs';

/**
 * @typedef {{ passed: number, failed: number, skipped: number, unhandled: number, skips: string[] }} Summary
 * `unhandled`: errors outside of any test, each of which fails the run.
 */

/** A vitest reporter that leaves the run's counts, as JSON, in the file that TAPEDECK_TEST_SUMMARY names. */
export default class SummaryReporter {
  /** @param {readonly import('vitest/node').TestModule[]} modules @param {readonly unknown[]} errors */
  onTestRunEnd(modules, errors) {
    const path = process.env.TAPEDECK_TEST_SUMMARY;
    if (path === undefined) return;
    /** @type {Summary} */
    const summary = { passed: 0, failed: 0, skipped: 0, unhandled: errors.length, skips: [] };
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      for (const test of tests) {
        const result = test.result();
        if (result.state === 'passed') summary.passed += 1;
        else if (result.state === 'failed') summary.failed += 1;
        else {
          summary.skipped += 1;
          const note = result.state === 'skipped' && result.note ? `: ${result.note}` : '';
          summary.skips.push(`${module.relativeModuleId} > ${test.fullName}${note}`);
        }
      }
      // A file or a hook of it that failed may leave no failed test behind.
      if (module.state() === 'failed' && !tests.some((test) => test.result().state === 'failed'))
        summary.failed += 1;
    }
    writeFileSync(path, JSON.stringify(summary));
  }
}
