/**
 * Options of Node that every recorder is started with, by local mode and in the image alike. A recorder mostly
 * waits: code kept small, a young generation of 1 MiB instead of 16, no threads that help a collector of 20 MB, and
 * no optimizing compiler until something is really hot take some 25 MB off its memory. See test/bench/copy.ts.
 */
export const recorderNodeOptions: readonly string[] = [
  '--optimize-for-size',
  '--max-semi-space-size=1',
  '--single-threaded-gc',
  '--v8-pool-size=1',
  '--no-maglev',
  '--invocation-count-for-turbofan=100000',
];
