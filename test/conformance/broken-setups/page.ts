import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';

/** The page with a table a provider, between `<!-- broken S3 -->` and `<!-- end -->`. */
export const page = fileURLToPath(new URL('../../../docs/storage/troubleshooting.md', import.meta.url));

export interface PageRow {
  readonly title: string;
  readonly reason: string;
  readonly step: string;
  readonly message: string;
}

/** The same page with the provider's table anew. */
export function withTable(text: string, provider: string, rows: readonly PageRow[]): string {
  const table = [
    '| what is wrong | reason | step | what the check says |',
    '|---|---|---|---|',
    ...rows.map(({ title, reason, step, message }) => {
      const cells = [title, `\`${reason}\``, step, lasting(message)];
      return `${cells.map(cell).join('')}|`;
    }),
  ];
  const block = new RegExp(`(<!-- broken ${provider} -->\\n)[\\s\\S]*?(<!-- end -->)`);
  if (!block.test(text)) throw new Error(`the page has no place for the broken set-ups of ${provider}`);
  return text.replace(block, (_, open, close) => `${open}\n${table.join('\n')}\n\n${close}`);
}

const cell = (text: string) => `| ${text.replaceAll('|', '\\|').replace(/\s+/g, ' ')} `;

/** What differs from run to run (ports, names of temporary directories, ids) as one that stands for all. */
function lasting(message: string): string {
  return message
    .replaceAll(tmpdir(), '/tmp')
    .replace(/\/tmp\/tapedeck-[\w-]+/g, '/srv')
    .replace(/\bSHA256:[\w+/]{43}/g, 'SHA256:…')
    .replace(/\bAAAA[\w+/=]{20,}/g, 'AAAA…')
    .replace(/a{40,}/g, 'aaa…')
    .replace(/127\.0\.0\.1:\d{4,5}/g, '127.0.0.1:9000')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, '…')
    .replace(/\b(RequestId|Time):\S+/g, '$1:…');
}
