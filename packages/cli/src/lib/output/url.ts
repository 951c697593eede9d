import { fileURLToPath } from 'node:url';

/** Where a file is, as one would type it: a path for a local one. */
export function readableUrl(url: string): string {
  return url.startsWith('file:') ? fileURLToPath(url) : url;
}
