import type { RecordingPhase } from './recording-status.ts';

/**
 * Where a recording may go from where. Staying is always allowed. A phase goes back only where an attempt
 * ended and the next one starts; what is final stays.
 */
export const phaseTransitions: Readonly<Record<RecordingPhase, readonly RecordingPhase[]>> = {
  Pending: ['Starting', 'Recording', 'Paused', 'Masked', 'Uploading', 'Uploaded', 'Failed'],
  Starting: ['Pending', 'Recording', 'Paused', 'Masked', 'Uploading', 'Uploaded', 'Failed'],
  Recording: ['Starting', 'Paused', 'Masked', 'Uploading', 'Uploaded', 'Failed'],
  Paused: ['Starting', 'Recording', 'Masked', 'Uploading', 'Uploaded', 'Failed'],
  Masked: ['Starting', 'Recording', 'Paused', 'Uploading', 'Uploaded', 'Failed'],
  Uploading: ['Starting', 'Uploaded', 'Failed'],
  Uploaded: [],
  Failed: [],
};

/** Staying is always allowed: a status may be written again. */
export function canMove(from: RecordingPhase, to: RecordingPhase): boolean {
  return from === to || phaseTransitions[from].includes(to);
}

/** Uploaded and Failed: nothing happens to the recording any more. */
export function isFinalPhase(phase: RecordingPhase | undefined): boolean {
  return phase !== undefined && phaseTransitions[phase].length === 0;
}
