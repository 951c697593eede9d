export * from './lib/driver.ts';
export * from './lib/store.ts';
