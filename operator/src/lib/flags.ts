import { parseArgs } from 'node:util';
import { TapedeckError } from '@tapedeck/core';

/** Which setting of the configuration file an option stands for, and what its value is. */
const flags: Readonly<
  Record<string, { readonly setting: readonly [string, ...string[]]; readonly type: 'text' | 'number' }>
> = {
  'default-storage': { setting: ['defaultStorage'], type: 'text' },
  'report-interval': { setting: ['reportInterval'], type: 'number' },
  'progress-interval': { setting: ['progressInterval'], type: 'number' },
  'recorder-image': { setting: ['recorder', 'image'], type: 'text' },
  'recorder-image-pull-policy': { setting: ['recorder', 'imagePullPolicy'], type: 'text' },
  'recorder-scratch-bytes': { setting: ['recorder', 'scratchBytes'], type: 'number' },
  'recorder-priority-class': { setting: ['recorder', 'priorityClassName'], type: 'text' },
};
const known = Object.keys(flags)
  .map((name) => `--${name}`)
  .join(', ');

/** A setting by its path in the configuration file. */
export interface Override {
  readonly setting: readonly [string, ...string[]];
  readonly value: string | number;
}

/**
 * Options behind the configuration file, each of which wins over the same setting in it; the last of several of one name
 * counts. Whatever belongs to other objects of the chart (ports, names, namespaces, policies) has none. Rejects with
 * `InvalidManifest` what it does not know.
 */
export function parseFlags(args: readonly string[]): readonly Override[] {
  const options = Object.fromEntries(Object.keys(flags).map((name) => [name, { type: 'string' } as const]));
  const { tokens } = parseArgs({ args: [...args], options, strict: false, tokens: true });
  return tokens.map((token): Override => {
    if (token.kind !== 'option') {
      const what = token.kind === 'positional' ? token.value : '--';
      throw new TapedeckError(
        'InvalidManifest',
        `the operator takes one configuration file and options, not ${what}; it knows ${known}`,
      );
    }
    const flag = Object.hasOwn(flags, token.name) ? flags[token.name] : undefined;
    if (flag === undefined) {
      throw new TapedeckError(
        'InvalidManifest',
        `the operator has no option ${token.rawName}; it knows ${known}`,
      );
    }
    if (token.value === undefined || token.value === '') {
      throw new TapedeckError(
        'InvalidManifest',
        `option ${token.rawName} lacks its value: ${token.rawName}=VALUE`,
      );
    }
    const value = flag.type === 'text' ? token.value : Number(token.value);
    if (Number.isNaN(value)) {
      throw new TapedeckError(
        'InvalidManifest',
        `option ${token.rawName} takes a number, not ${token.value}`,
      );
    }
    return { setting: flag.setting, value };
  });
}

/** The file's content with the options put into it; the schema judges both alike. */
export function withOverrides(file: unknown, overrides: readonly Override[]): unknown {
  return overrides.reduce<unknown>((before, { setting, value }) => put(before, setting, value), file);
}

function put(
  object: unknown,
  [key, ...rest]: readonly [string, ...string[]],
  value: string | number,
): unknown {
  // What is no object is left for the schema to refuse.
  if (object !== undefined && (typeof object !== 'object' || object === null || Array.isArray(object)))
    return object;
  const before = new Map(Object.entries(object ?? {}));
  const [next, ...further] = rest;
  before.set(key, next === undefined ? value : put(before.get(key), [next, ...further], value));
  return Object.fromEntries(before);
}
