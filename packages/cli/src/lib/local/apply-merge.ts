/** What a manifest says of a resource: everything that an apply may change. */
export interface Appliable {
  readonly labels?: Readonly<Record<string, string>> | undefined;
  readonly annotations?: Readonly<Record<string, string>> | undefined;
  readonly spec: Readonly<Record<string, unknown>>;
}

type Json = Readonly<Record<string, unknown>>;

/**
 * The three-way merge of `kubectl apply`: what the file says is set, what it said at the last apply and says no
 * more is taken out, what others set beside it (`tapedeck stop`) stays. Lists are one value.
 */
export function mergeApplied(live: Json, before: Json, now: Json): Json {
  const merged: Record<string, unknown> = { ...live };
  for (const key of Object.keys(before)) if (!(key in now)) delete merged[key];
  for (const [key, value] of Object.entries(now)) {
    if (value === undefined) continue;
    const old = merged[key];
    merged[key] = isObject(value) && isObject(old) ? mergeApplied(old, asObject(before[key]), value) : value;
  }
  return merged;
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asObject(value: unknown): Json {
  return isObject(value) ? value : {};
}
