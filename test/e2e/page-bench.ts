import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
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
  const bench = await createWorkbench({ env: { TAPEDECK_PAGE_VISIT: '127.0.0.1' } });
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
    programs: () => programLines().map(({ line }) => line),
    renderers: () =>
      programLines().flatMap(({ pid, line }) => (line.includes('--type=renderer') ? [pid] : [])),
    async close() {
      await bench.close();
      await server.close();
    },
  };
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

/** Of this test process's recorders: they are known by the directory in their command lines. */
function programLines(): { pid: number; line: string }[] {
  return execFileSync('ps', ['-eo', 'pid=,stat=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes('tapedeck-page-') && !/^\s*\d+\s+Z/.test(line))
    .map((line) => ({ pid: Number.parseInt(line, 10), line: line.trim() }));
}
