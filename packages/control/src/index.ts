export * from './lib/control.ts';
export { type ControlOptions, defaultTiming, type Timing } from './lib/options.ts';
export * from './lib/ports.ts';
export { parseRunId, runId } from './lib/run-id.ts';
export { checkAnnotation } from './lib/storage-plan.ts';
export { copyNeedsStorage, needsStorage } from './lib/storage-use.ts';
