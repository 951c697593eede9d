import { listWords } from './word-list.ts';

/** What of a Recording's spec may change while it exists; everything else was decided when it began. */
export const changeableFields = ['state', 'retention', 'ttlAfterFinished', 'deletionPolicy'] as const;

const isChangeable = (field: string) => changeableFields.some((changeable) => changeable === field);

const advice = `cannot change once the Recording exists (only ${changeableFields.join(', ')} can); delete it first or choose another name`;
const stoppedMessage = 'was Stopped, which is final; choose another name to record again';

/** The rules of `recordingChangeProblems` as CEL, for all fields of the spec. */
export function recordingChangeRules(
  fields: readonly string[],
): readonly { readonly rule: string; readonly message: string; readonly fieldPath: string }[] {
  return [
    ...fields
      .filter((field) => !isChangeable(field))
      .map((field) => ({
        rule: `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
        message: `${field} ${advice}`,
        fieldPath: `.${field}`,
      })),
    {
      rule: "!(has(oldSelf.state) && oldSelf.state == 'Stopped') || (has(self.state) && self.state == 'Stopped')",
      message: `state ${stoppedMessage}`,
      fieldPath: '.state',
    },
  ];
}

/** Why a Recording's spec may not change like that: a sentence for all the fields that may not, and one for its state. */
export function recordingChangeProblems(
  old: Readonly<Record<string, unknown>>,
  next: Readonly<Record<string, unknown>>,
): readonly string[] {
  const fields = [...new Set([...Object.keys(old), ...Object.keys(next)])];
  const changed = fields.filter((field) => !isChangeable(field) && !isSame(old[field], next[field]));
  return [
    ...(changed.length === 0 ? [] : [`${listWords(changed.map((field) => `spec.${field}`))} ${advice}`]),
    ...(old.state === 'Stopped' && next.state !== 'Stopped' ? [`spec.state ${stoppedMessage}`] : []),
  ];
}

/** The same JSON, whatever the order of keys; an absent key is the same as one that is undefined. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>];
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) =>
    isSame(left[key], right[key]),
  );
}
