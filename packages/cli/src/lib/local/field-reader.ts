/** Named fields of something that was stored, each checked when it is read. Throws, naming the field. */
export interface FieldReader {
  text(name: string): string;
  number(name: string): number;
  flag(name: string): boolean;
  /** One of these words. */
  word<W extends string>(name: string, words: readonly W[]): W;
  /** Undefined where there is none, or null. */
  optionalText(name: string): string | undefined;
  optionalNumber(name: string): number | undefined;
  inside(name: string): FieldReader;
}

/** `what` names it for people. Without zod: loading that takes longer than most commands do altogether. */
export function createFieldReader(value: unknown, what: string): FieldReader {
  const fields = new Map<string, unknown>(
    typeof value === 'object' && value !== null ? Object.entries(value) : [],
  );
  const broken = (name: string, wanted: string) =>
    new Error(
      `${what} is damaged: ${name} is no ${wanted}; remove it, or name another directory with --data`,
    );

  function text(name: string): string {
    const found = fields.get(name);
    if (typeof found !== 'string') throw broken(name, 'text');
    return found;
  }
  function number(name: string): number {
    const found = fields.get(name);
    if (typeof found !== 'number') throw broken(name, 'number');
    return found;
  }
  const isAbsent = (name: string) => (fields.get(name) ?? null) === null;
  return {
    text,
    number,
    flag(name) {
      const found = fields.get(name);
      if (typeof found !== 'boolean') throw broken(name, 'yes or no');
      return found;
    },
    word(name, words) {
      const found = text(name);
      const word = words.find((each) => each === found);
      if (word === undefined) throw broken(name, `${words.join(' or ')}`);
      return word;
    },
    optionalText: (name) => (isAbsent(name) ? undefined : text(name)),
    optionalNumber: (name) => (isAbsent(name) ? undefined : number(name)),
    inside: (name) => createFieldReader(fields.get(name), `${what}: ${name}`),
  };
}
