import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PageRoute, type PageServer, startPageServer } from '../media/page-server.ts';
import { createWorkbench, localStorageManifest, recordingManifest, type Workbench } from './workbench.ts';

/** A workbench whose pages may visit the servers of this machine. */
export interface PageBench extends Workbench {
  readonly server: PageServer;
  /** Applies a recording of the path and gives the file of its manifest. */
  recording(name: string, path: string, more?: { page?: object; spec?: object }): Promise<string>;
  /** What was recorded, in order. */
  outputs(): string[];
  /** Command lines of the browsers, displays and sound servers that recorders have started. */
  programs(): string[];
  /** Process ids of the browsers' renderers. */
  renderers(): number[];
}

/** A small picture, for two cores draw and encode it. */
export const smallPage = { width: 640, height: 360, frameRate: 15 };

export async function createPageBench(route?: PageRoute): Promise<PageBench> {
  const server = await startPageServer(route);
  const pages = mkdtempSync(join(tmpdir(), 'tapedeck-pages-'));
  // A page's programs run as another user, who has to get there.
  chmodSync(pages, 0o755);
  const bench = await createWorkbench({ env: { TAPEDECK_PAGE_VISIT: '127.0.0.1', TMPDIR: pages } });
  const out = join(bench.directory, 'out');
  return {
    ...bench,
    server,
    recording: async (name, path, { page = {}, spec = {} } = {}) =>
      await bench.manifest(
        localStorageManifest('out', out),
        recordingManifest(name, 'out', {
          source: { type: 'Page', page: { url: new URL(path, server.origin).href, ...page } },
          video: smallPage,
          retries: 0,
          ...spec,
        }),
      ),
    outputs: () => filesBelow(bench.directory).filter((file) => file.endsWith('.mp4')),
    programs: () => programLines(pages).map(({ line }) => line),
    renderers: () =>
      programLines(pages).flatMap(({ pid, line }) => (line.includes('--type=renderer') ? [pid] : [])),
    async close() {
      await bench.close();
      await server.close();
      rmSync(pages, { recursive: true, force: true });
    },
  };
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Of recorders that keep their pages' files there: it stands in the command lines. */
function programLines(directory: string): { pid: number; line: string }[] {
  return execFileSync('ps', ['-eo', 'pid=,stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(directory) && !/^\s*\d+\s+Z/.test(line))
    .map((line) => ({ pid: Number.parseInt(line, 10), line: line.trim() }));
}
