export { createLocalStore, type LocalStore } from './lib/local/resource-store.ts';
