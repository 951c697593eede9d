export * from './lib/check/check-storage.ts';
export * from './lib/create-store.ts';
export * from './lib/driver.ts';
export * from './lib/drivers/drivers.ts';
export { localCapabilities } from './lib/drivers/local/local-capabilities.ts';
export { s3Capabilities } from './lib/drivers/s3/s3-capabilities.ts';
export * from './lib/fallback/complete-fallback.ts';
export * from './lib/fallback/fallback-upload.ts';
export * from './lib/store.ts';
