import { existsSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';
import { root } from './checkout.ts';
import { anchors, links, pages } from './markdown.ts';

/** Why a link leads nowhere; undefined for one that arrives. Links to other sites are not followed. */
function broken(page: string, link: string): string | undefined {
  if (/^[a-z][a-z+.-]*:/.test(link)) return undefined;
  const [path = '', anchor] = link.split('#');
  if (path.startsWith('/')) return 'is absolute';
  const target = path === '' ? page : normalize(join(dirname(page), decodeURIComponent(path)));
  if (!existsSync(join(root, target))) return 'does not exist';
  if (anchor !== undefined && target.endsWith('.md') && !anchors(target).has(anchor))
    return 'has no such heading';
  return undefined;
}

describe('links', () => {
  it.each(pages)('of %s arrive', (page) => {
    const dead = links(page).flatMap((link) => {
      const why = broken(page, link);
      return why === undefined ? [] : [`${link} ${why}`];
    });
    expect(dead).toEqual([]);
  });

  it('every page of docs/ can be reached from the README', () => {
    const reached = new Set(['README.md']);
    for (const page of reached) {
      for (const link of links(page)) {
        const target = normalize(join(dirname(page), link.split('#')[0] ?? ''));
        if (pages.includes(target)) reached.add(target);
      }
    }
    expect(pages.filter((page) => page.startsWith('docs/') && !reached.has(page))).toEqual([]);
  });
});
