export * from './lib/check/check-storage.ts';
export * from './lib/create-store.ts';
export * from './lib/driver.ts';
export * from './lib/store.ts';
