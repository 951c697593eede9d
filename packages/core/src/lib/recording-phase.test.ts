import { expect, it } from 'vitest';
import { canMove, isFinalPhase, phaseTransitions } from './recording-phase.ts';
import { recordingPhase } from './recording-status.ts';

const phases = recordingPhase.options;

it('leads from every phase to an end, and from no end anywhere', () => {
  for (const phase of phases) {
    if (isFinalPhase(phase)) {
      expect(phaseTransitions[phase]).toEqual([]);
    } else {
      expect(canMove(phase, 'Failed')).toBe(true);
      expect(canMove(phase, 'Uploaded')).toBe(true);
    }
    expect(canMove(phase, phase)).toBe(true);
  }
  expect(phases.filter(isFinalPhase)).toEqual(['Uploaded', 'Failed']);
});

it('goes back only to start again', () => {
  expect(canMove('Uploading', 'Starting')).toBe(true);
  expect(canMove('Uploading', 'Recording')).toBe(false);
  expect(canMove('Recording', 'Pending')).toBe(false);
  expect(isFinalPhase(undefined)).toBe(false);
});
