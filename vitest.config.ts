import { defineConfig } from 'vitest/config';

/** Shared by every project: what a test starts must not set the checkout up again, nor colour its output. */
const env = { TAPEDECK_NO_SETUP: '1', NO_COLOR: '1' };

/** Whole-system suites, by what they need from the machine; `npm test` runs them all. */
export default defineConfig({
  test: {
    reporters: ['default', './scripts/lib/summary-reporter.mjs'],
    projects: [
      {
        test: {
          name: 'unit',
          env,
          include: ['{packages/*,operator}/src/**/*.test.ts', 'test/repo/**/*.test.ts'],
          exclude: ['**/*.integration.test.ts', '**/node_modules/**'],
          // Milliseconds each; the rest is for a machine whose two cores do something else as well.
          testTimeout: 20_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Real servers, real ffmpeg: some seconds each, mostly waiting, so two at a time.
        test: {
          name: 'integration',
          env,
          include: [
            '{packages/*,operator}/src/**/*.integration.test.ts',
            'test/{media,servers,conformance,cluster}/**/*.test.ts',
          ],
          exclude: ['**/node_modules/**'],
          testTimeout: 60_000,
          hookTimeout: 180_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        // One at a time: they measure what happens when something is killed or slow, and must not slow each other.
        test: {
          name: 'system',
          env,
          include: ['test/{e2e,chaos}/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
          // A minute or so, but where two cores do much else as well; what must come in time says so itself.
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
