/** A page's address as people may see it: without userinfo, query and fragment, where tokens are. */
export function pageName(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? 'the page' : `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
}
