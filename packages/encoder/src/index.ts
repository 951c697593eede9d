export * from './lib/capture-contract.ts';
export { type CaptureRequest, planCapture } from './lib/capture-plan.ts';
export { startCapture } from './lib/capture-process.ts';
export * from './lib/capture-source.ts';
export { findFfmpeg, findFfprobe } from './lib/ffmpeg-program.ts';
export type { FragmentReader } from './lib/fragment-reader.ts';
export * from './lib/media.ts';
export type { Mp4File, Mp4FileOptions } from './lib/mp4-file.ts';
export { type ProbeOptions, probeSource } from './lib/probe.ts';
export {
  type TestCard,
  testCardDefaults,
  testCardFlash,
  testCardGraph,
  testCardMark,
} from './lib/test-card.ts';
export type { Timeline, TimelineOptions } from './lib/timeline.ts';
export type { CloseReason, GapReason, TimelineEvent } from './lib/timeline-event.ts';
