export * from './lib/capture-contract.ts';
export { createFormatBorder, type FormatBorder } from './lib/capture-format-border.ts';
export type { SourceMark } from './lib/capture-marks.ts';
export { type CaptureRequest, planCapture } from './lib/capture-plan.ts';
export { startCapture } from './lib/capture-process.ts';
export * from './lib/capture-source.ts';
export { findTie, type SpawnTied } from './lib/ffmpeg-orphan.ts';
export { findFfmpeg, findFfprobe } from './lib/ffmpeg-program.ts';
export { sameFormat } from './lib/fragment-format.ts';
export { createMp4FragmentReader, type FragmentReader } from './lib/fragment-reader.ts';
export * from './lib/media.ts';
export { createMp4File, type Mp4File, type Mp4FileOptions } from './lib/mp4-file.ts';
export { minFillerSize, mp4Filler } from './lib/mp4-filler.ts';
export { type ProbeOptions, probeSource } from './lib/probe.ts';
export {
  type TestCard,
  testCardDefaults,
  testCardFlash,
  testCardGraph,
  testCardMark,
} from './lib/test-card.ts';
export { createTimeline, type Timeline, type TimelineOptions } from './lib/timeline.ts';
export type { CloseReason, GapReason, TimelineEvent } from './lib/timeline-event.ts';
