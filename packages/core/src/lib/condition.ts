import type { Condition } from './resource.ts';

export interface ConditionInput {
  readonly type: string;
  readonly status: Condition['status'];
  readonly reason: string;
  readonly message: string;
}

/** Longest message that `condition` takes. */
const maxMessage = 32_768;

/**
 * The conditions with one of them set. `lastTransitionTime` moves only when the status does, so that saying the same
 * again is no change; order is kept and new ones come last.
 */
export function setCondition(
  conditions: readonly Condition[],
  set: ConditionInput,
  context: { readonly now: Date; readonly generation?: number | undefined },
): Condition[] {
  const before = conditions.find((condition) => condition.type === set.type);
  const next: Condition = {
    type: set.type,
    status: set.status,
    reason: set.reason,
    message: set.message.slice(0, maxMessage),
    lastTransitionTime: before?.status === set.status ? before.lastTransitionTime : context.now.toISOString(),
    ...(context.generation === undefined ? {} : { observedGeneration: context.generation }),
  };
  return before === undefined
    ? [...conditions, next]
    : conditions.map((condition) => (condition.type === set.type ? next : condition));
}

/** Several at once. */
export function setConditions(
  conditions: readonly Condition[],
  sets: readonly ConditionInput[],
  context: { readonly now: Date; readonly generation?: number | undefined },
): Condition[] {
  return sets.reduce<Condition[]>((all, set) => setCondition(all, set, context), [...conditions]);
}

/** The condition of that type; undefined where nobody has said anything about it yet. */
export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: string,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

/** Is it there, and true? */
export function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === 'True';
}
