import { files, read } from './checkout.ts';

/** A fenced block of a page, without its fences. */
export interface CodeBlock {
  readonly page: string;
  readonly language: string;
  /** Of the opening fence, from 1. */
  readonly line: number;
  readonly text: string;
}

export const pages = files.filter((path) => path.endsWith('.md'));

export function codeBlocks(page: string): CodeBlock[] {
  const text = read(page);
  return [...text.matchAll(/^```(\w*)[^\n]*\n([\s\S]*?)^```$/gm)].map((match) => ({
    page,
    language: match[1] ?? '',
    line: text.slice(0, match.index).split('\n').length,
    text: match[2] ?? '',
  }));
}

/** The page without its code, where links are not links. */
const prose = (page: string): string =>
  read(page)
    .replace(/^```[\s\S]*?^```$/gm, '')
    .replace(/`[^`\n]*`/g, '');

/** Targets of inline links, images and reference definitions. */
export const links = (page: string): string[] =>
  [...prose(page).matchAll(/\]\(\s*<?([^)\s>]+)[^)]*\)|^\[[^\]]+\]:\s*(\S+)/gm)].flatMap(
    (match) => match[1] ?? match[2] ?? [],
  );

/** The anchors that a page's headings make, as code hosts write them. */
export function anchors(page: string): Set<string> {
  const seen = new Map<string, number>();
  const headings = read(page)
    .replace(/^```[\s\S]*?^```$/gm, '')
    .matchAll(/^#{1,6}\s+(.+)$/gm);
  return new Set(
    [...headings].map((match) => {
      const slug = (match[1] ?? '')
        .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replace(/\s/g, '-');
      const count = seen.get(slug) ?? 0;
      seen.set(slug, count + 1);
      return count === 0 ? slug : `${slug}-${count}`;
    }),
  );
}
