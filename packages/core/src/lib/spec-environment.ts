/**
 * Where a spec is that is too long for a file which Kubernetes would mount: gzipped, in base64, cut into the environment
 * variables `TAPEDECK_SPEC_1`, `TAPEDECK_SPEC_2` and so on. `recorder run --from-environment` joins them.
 */
export function specVariable(number: number): string {
  return `TAPEDECK_SPEC_${number}`;
}

/** Bytes of one of them at most: Linux takes no string of more than 128 KiB, its name and its zero included. */
export const maxSpecVariableBytes = 120 * 1024;
