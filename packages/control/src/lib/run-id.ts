/** Id of the nth run of a recording or a copy, whatever it does: `<uid>-<n>`, from 1. */
export function runId(uid: string, number: number): string {
  return `${uid}-${number}`;
}

/** The parts of a run's id, or undefined for what is none. */
export function parseRunId(id: string): { readonly uid: string; readonly number: number } | undefined {
  const match = /^(.+)-([1-9][0-9]{0,8})$/.exec(id);
  const [, uid, number] = match ?? [];
  return uid === undefined || number === undefined ? undefined : { uid, number: Number(number) };
}
