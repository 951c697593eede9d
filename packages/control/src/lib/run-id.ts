/** Id of the nth run of a recording, whatever it does: `<uid>-<n>`, from 1. */
export function runId(recordingUid: string, number: number): string {
  return `${recordingUid}-${number}`;
}

/** The parts of a run's id, or undefined for what is none. */
export function parseRunId(
  id: string,
): { readonly recordingUid: string; readonly number: number } | undefined {
  const match = /^(.+)-([1-9][0-9]{0,8})$/.exec(id);
  const [, recordingUid, number] = match ?? [];
  return recordingUid === undefined || number === undefined
    ? undefined
    : { recordingUid, number: Number(number) };
}
