import { createHash } from 'node:crypto';
import { lstatSync, mkdirSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { TapedeckError } from '@tapedeck/core/error';

/** sun_path holds 108 bytes on Linux and 104 on macOS, one of them the closing zero. */
const maxSocketPathBytes = 103;

/**
 * Where the control process of a data directory listens: in the directory itself, or where its path is too long
 * in a directory of the user's under /tmp. Every process finds the same path whatever its environment says, because
 * a recorder keeps it across control processes.
 */
export function controlSocketPath(dataRoot: string): string {
  const own = join(dataRoot, 'control.sock');
  if (Buffer.byteLength(own) <= maxSocketPathBytes && !own.includes(':')) return own;
  const hash = createHash('sha256').update(dataRoot).digest('hex').slice(0, 16);
  return join('/tmp', `tapedeck-${userInfo().uid}`, `${hash}.sock`);
}

/** Makes the directory of a short path; throws when somebody else holds its name. */
export function prepareSocketDirectory(dataRoot: string, socket: string): void {
  if (socket.startsWith(`${dataRoot}/`)) return;
  const directory = join(socket, '..');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const stat = lstatSync(directory);
  if (stat.isDirectory() && stat.uid === userInfo().uid && (stat.mode & 0o077) === 0) return;
  throw new TapedeckError(
    'NotSupported',
    `${directory} is not a private directory of yours, so the control socket cannot be there: remove it, or choose a shorter --data`,
  );
}
