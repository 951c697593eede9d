import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findGoTool } from '../../servers/tool.ts';

const tool = { name: 'rclone', module: 'github.com/rclone/rclone@v1.75.1' };
const remote = 'peer';

/** How rclone is started with its own defaults for that place, and a configuration that nobody else's disturbs. */
export async function rcloneCommand(
  directory: string,
  section: Readonly<Record<string, string>>,
): Promise<(file: string, place: string, key: string) => readonly string[]> {
  const program = await findGoTool(tool);
  if (program === undefined) throw new Error('rclone is what this compares with.');
  const config = join(directory, 'rclone.conf');
  const lines = Object.entries(section).map(([name, value]) => `${name} = ${value}`);
  await writeFile(config, [`[${remote}]`, ...lines, ''].join('\n'), { mode: 0o600 });
  return (file, place, key) => [
    program,
    '--config',
    config,
    'copyto',
    '--no-check-dest',
    file,
    `${remote}:${place}/${key}`,
  ];
}
