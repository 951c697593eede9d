export * from './lib/capture-contract.ts';
export * from './lib/capture-source.ts';
export * from './lib/media.ts';
