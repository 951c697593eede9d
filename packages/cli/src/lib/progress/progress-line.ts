import type { Condition, Recording } from '@tapedeck/core';
import { formatBitrate, formatBytes, formatClock, statusSeconds } from '../output/amount.ts';
import { storageNames } from '../output/storage-names.ts';
import type { Colors } from '../terminal.ts';

type Phase = NonNullable<NonNullable<Recording['status']>['phase']>;

export function phaseOf(recording: Recording): Phase {
  return recording.status?.phase ?? 'Pending';
}

export function isOver(recording: Recording): boolean {
  const phase = phaseOf(recording);
  return phase === 'Uploaded' || phase === 'Failed';
}

/**
 * Recording is over, and what is left waits for a storage that refuses it: that may take days, and control sees to it.
 */
export function isLeftForLater({ status }: Recording): boolean {
  const stalled = status?.conditions?.find(({ type }) => type === 'Stalled');
  return status?.phase === 'Uploading' && stalled?.status === 'True';
}

/**
 * Why a recording is where it is, where that needs saying: what failed, or what it waits for. The condition that
 * went bad says it.
 */
export function explanation(recording: Recording): string | undefined {
  const phase = phaseOf(recording);
  const conditions = recording.status?.conditions ?? [];
  const of = (type: string): Condition | undefined =>
    conditions.find((each) => each.type === type && each.status === 'True');
  if (phase === 'Failed') return (of('Failed') ?? of('Stalled'))?.message;
  const stalled = of('Stalled');
  if (stalled !== undefined) return stalled.message;
  if (phase !== 'Pending' && phase !== 'Starting') return undefined;
  return conditions.find((each) => each.type === 'Ready' && each.status === 'False')?.message;
}

const marks: Readonly<Record<Phase, (tones: Colors) => string>> = {
  Pending: (tones) => tones.dim('○'),
  Starting: (tones) => tones.yellow('○'),
  Recording: (tones) => tones.red('●'),
  Paused: (tones) => tones.yellow('‖'),
  Masked: (tones) => tones.yellow('▒'),
  Uploading: (tones) => tones.cyan('↑'),
  Uploaded: (tones) => tones.green('✓'),
  Failed: (tones) => tones.red('✗'),
};

/** The live line of one recording: state, time, bitrate, bytes uploaded, lag. Never wider than the terminal. */
export function progressLine(
  recording: Recording,
  tones: Colors,
  layout: { readonly width: number; readonly nameWidth: number },
): string {
  const phase = phaseOf(recording);
  const { progress, duration } = recording.status ?? {};
  const parts = [phase.padEnd(9)];
  if (progress !== undefined) {
    parts.push(formatClock(statusSeconds(duration)).padStart(7));
    if (progress.bitrate !== undefined && phase === 'Recording')
      parts.push(formatBitrate(progress.bitrate).padStart(10));
    const names = storageNames(recording);
    const where = /[ ,]/.test(names) ? ` to ${names}` : '';
    parts.push(`${formatBytes(progress.bytesUploaded)} uploaded${where}`);
    if (!isOver(recording)) parts.push(`lag ${statusSeconds(progress.lag).toFixed(1)} s`);
  }
  const why = explanation(recording);
  if (why !== undefined) parts.push(why);
  const text = `${recording.metadata.name.padEnd(layout.nameWidth)}  ${parts.join('  ')}`;
  return `${marks[phase](tones)} ${clip(text, layout.width - 3)}`;
}

/** One line for whoever reads a log. */
export function changeLine(recording: Recording): string {
  const why = explanation(recording);
  return `recording/${recording.metadata.name} ${phaseOf(recording)}${why === undefined ? '' : `: ${why}`}`;
}

function clip(text: string, width: number): string {
  const line = text.replace(/\s*\n\s*/g, ' ');
  return line.length <= width ? line : `${line.slice(0, Math.max(0, width - 1))}…`;
}
