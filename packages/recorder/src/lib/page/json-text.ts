/** Undefined for what is no JSON: pages, and a browser that breaks, write what they like. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
