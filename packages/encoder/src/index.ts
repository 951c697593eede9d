export * from './lib/media.ts';
