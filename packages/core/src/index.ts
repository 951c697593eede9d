export * from './lib/error.ts';
export * from './lib/exit-code.ts';
export * from './lib/external-storage.ts';
export * from './lib/recording.ts';
export * from './lib/recording-profile.ts';
export * from './lib/resource.ts';
export * from './lib/run-contract.ts';
