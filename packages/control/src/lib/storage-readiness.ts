import { type ExternalStorage, findCondition, isTrue } from '@tapedeck/core';

/** May recordings go there? What was said about another generation of the spec says nothing about this one. */
export function isReady({ status, metadata }: ExternalStorage): boolean {
  const current = findCondition(status?.conditions, 'Ready')?.observedGeneration;
  return isTrue(status?.conditions, 'Ready') && (current === undefined || current === metadata.generation);
}
