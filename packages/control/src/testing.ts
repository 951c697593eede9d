export * from './lib/testing/control-bench.ts';
export * from './lib/testing/memory-launcher.ts';
export * from './lib/testing/memory-ledger.ts';
export * from './lib/testing/memory-resources.ts';
